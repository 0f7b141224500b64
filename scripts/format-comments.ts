// Wraps the comments of our sources, which the formatter does not touch. Part of `pnpm format`.

import fs from 'node:fs';
import path from 'node:path';
import { wrapComments } from './sources/comments.ts';
import { sources } from './sources/files.ts';
import { root } from './workspace.ts';

for (const file of sources()) {
  const text = fs.readFileSync(path.join(root, file), 'utf8');
  const wrapped = wrapComments(text);
  if (wrapped !== text) fs.writeFileSync(path.join(root, file), wrapped);
}
