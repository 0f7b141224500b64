import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../workspace.ts';

/** The sources of this repository, including new ones, without generated files. */
export function sources(): string[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' });
  return listed
    .split('\n')
    .filter((file) => /\.(ts|tsx|js|mjs|cjs)$/.test(file) && !file.includes('/generated/'))
    .filter((file) => fs.existsSync(path.join(root, file)));
}
