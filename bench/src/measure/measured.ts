import fs from 'node:fs';
import path from 'node:path';
import { root } from '../../../scripts/workspace.ts';

/** Replaces the lines between `<!-- measured: name -->` and `<!-- /measured: name -->` of a document. */
export function writeMeasured(name: string, lines: readonly string[], document = 'docs/operations.md'): void {
  const file = path.join(root, document);
  const [begin, end] = [`<!-- measured: ${name} -->`, `<!-- /measured: ${name} -->`];
  const [before, rest] = fs.readFileSync(file, 'utf8').split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${file} has no place ${begin} … ${end}.`);
  fs.writeFileSync(file, `${before}${begin}\n\n${lines.join('\n')}\n\n${end}${after}`);
}
