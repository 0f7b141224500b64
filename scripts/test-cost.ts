// `pnpm test:cost [folder …]`: what the tests cost in processor time, by package and by test file, and what they spend
// it on. Linux only. Every test is run anew, one package after the other, so that no package's cost is counted as
// another's.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root, workspacePackages } from './workspace.ts';

interface Cost {
  /** An absolute path. */
  readonly file: string;
  readonly seconds: number;
  /** Seconds of it that went into what a test depends on: modules, Postgres, migrations, apps, processes. */
  readonly parts: Readonly<Record<string, number>>;
}

const DEAREST = 10;
const wanted = process.argv.slice(2);
const costs = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'test-cost-')), 'costs');
fs.writeFileSync(costs, '');
const packages = workspacePackages().filter(
  ({ folder, scripts }) => scripts['test'] !== undefined && (wanted.length === 0 || wanted.includes(folder)),
);
let failed = false;
for (const { folder, name } of packages) {
  const run = spawnSync('node', ['--run', 'test'], {
    cwd: path.join(root, folder),
    env: { ...process.env, TEST_COST: costs },
    encoding: 'utf8',
  });
  if (run.status !== 0) failed = true;
  console.error(`${run.status === 0 ? '✓' : '✗'} ${name}`);
}

const all = fs
  .readFileSync(costs, 'utf8')
  .trimEnd()
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Cost);
const sum = (list: readonly Cost[]): number => list.reduce((total, { seconds }) => total + seconds, 0);
const inSeconds = (seconds: number): string => seconds.toFixed(1).padStart(7);

console.log('\nProcessor time in seconds, Postgres and all processes of a test included\n');
for (const { folder } of packages) {
  const own = all.filter(({ file }) => path.relative(root, file).startsWith(`${folder}/`));
  console.log(`${inSeconds(sum(own))}  ${folder} (${own.length} files)`);
}
console.log(`${inSeconds(sum(all))}  in all\n\nThe dearest files, and what they spend on`);
for (const { file, seconds, parts } of all.toSorted((a, b) => b.seconds - a.seconds).slice(0, DEAREST)) {
  const rest = seconds - Object.values(parts).reduce((total, part) => total + part, 0);
  const spent = [...Object.entries(parts), ['the tests', rest] as const]
    .filter(([, part]) => part >= 0.05)
    .map(([what, part]) => `${what} ${part.toFixed(1)}`);
  console.log(`${inSeconds(seconds)}  ${path.relative(root, file)}: ${spent.join(', ')}`);
}
process.exitCode = failed ? 1 : 0;
