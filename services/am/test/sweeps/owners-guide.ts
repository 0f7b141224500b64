import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { crawled } from './scene.ts';

const GUIDE = path.join(import.meta.dirname, '../../../../docs/owners-guide.md');

/** Whether what the owner's guide names is on the pages. */
export function ownersGuide(): void {
  describe('of what docs/owners-guide.md names in “What else there is”', () => {
    it('each is on a page under that very name', async () => {
      const [, section = ''] = (await readFile(GUIDE, 'utf8')).split('## What else there is');
      const names = [...section.matchAll(/\*([^*]+)\*/g)].map(([, name = '']) => name);
      expect(names.length).toBeGreaterThan(30);
      const pages = [...crawled.pages.values()].map(({ words }) => words);
      expect(names.filter((name) => !pages.some((words) => words.includes(name)))).toEqual([]);
    });
  });
}
