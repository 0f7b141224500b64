import fs from 'node:fs';
import path from 'node:path';

const README = fs.readFileSync(path.join(import.meta.dirname, '../../../README.md'), 'utf8');
const [, TOUR = ''] = /^## A tour in two minutes\n([^]*?)^## /m.exec(README) ?? [];

/** The sentences of README's tour, without Markdown's markup. */
export const sentences: readonly string[] = TOUR.replace(/<img[^>]*>/g, '')
  .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
  .replace(/[*`]/g, '')
  .split(/\n\s*\n|^\d+\. /m)
  .flatMap((paragraph) =>
    paragraph
      .replace(/\s+/g, ' ')
      .trim()
      .split(/(?<=[.:!?]) (?=[A-Z])/),
  )
  .filter((sentence) => sentence !== '');

/** The addresses that it mentions. */
export const addresses: readonly string[] = [...TOUR.matchAll(/http:\/\/[^`\s]+/g)].map(([address]) => address);

/** The pictures that it shows, as file names. */
export const pictures: readonly string[] = [...TOUR.matchAll(/<img src="([^"]+)"/g)].map(([, file = '']) => file);
