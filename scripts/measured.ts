import fs from 'node:fs';
import path from 'node:path';
import { root } from './workspace.ts';

const DOCUMENT = path.join(root, 'docs/operations.md');

/** Puts lines between `<!-- measured: name -->` and `<!-- /measured: name -->` of docs/operations.md. */
export function writeMeasured(name: string, lines: readonly string[]): void {
  const [begin, end] = [`<!-- measured: ${name} -->`, `<!-- /measured: ${name} -->`];
  const [before, rest] = fs.readFileSync(DOCUMENT, 'utf8').split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${DOCUMENT} has no place ${begin} … ${end}.`);
  fs.writeFileSync(DOCUMENT, `${before}${begin}\n\n${lines.join('\n')}\n\n${end}${after}`);
}
