// Checks the sources for what neither the linter nor the dependency check can see. Part of `pnpm static`.

import fs from 'node:fs';
import path from 'node:path';
import { sources } from './sources/files.ts';
import { problemsOf } from './sources/problems.ts';
import { root } from './workspace.ts';

const problems = sources().flatMap((file) => problemsOf(file, fs.readFileSync(path.join(root, file), 'utf8')));
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
