// Builds the images and runs the tests that need them: `pnpm test:containers`. Its last line is
//   N passed, N failed[, N skipped]
// An option, and a variable of the environment:
//   --built                the images have been built already
//   NOTHING_SKIPPED=true   a machine without a container engine fails instead of skipping

import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { prune } from '../e2e/containers/support/docker.ts';
import { containerEngineAnswers } from './machine.ts';
import { type FileResult, forgetResults, readResults, summarize } from './test-summary.ts';
import { root, type WorkspacePackage } from './workspace.ts';

const { values } = parseArgs({ options: { built: { type: 'boolean', default: false } } });
const tests: WorkspacePackage = { name: 'containers', folder: 'e2e/containers', scripts: {}, dependencies: [] };
const NOT_RUN: FileResult = {
  file: 'compose.test.ts',
  seconds: 0,
  passed: 0,
  failed: [],
  skipped: [{ name: 'all of them', why: 'needs a container engine' }],
};

if (containerEngineAnswers()) await run();
else finish([{ ...tests, files: [NOT_RUN] }]);

async function run(): Promise<void> {
  forgetResults([tests]);
  await prune();
  // an upgrade begins with the previous commit's AM
  const built =
    values.built ||
    (node('scripts/images.ts') && node('scripts/images.ts', '--from', 'HEAD^', '--tag', 'previous', 'am'));
  // the images are still being written to the disk, which the tests' databases would wait for
  if (built) spawnSync('sync');
  if (built) jest();
  await prune();
  finish(readResults([tests]));
}

function node(...args: string[]): boolean {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0;
}

function jest(): void {
  const args = [
    '--disable-warning=ExperimentalWarning',
    '--enable-source-maps',
    '--conditions=source',
    '--import',
    '../jest/register.js',
  ];
  spawnSync(
    process.execPath,
    [...args, '../node_modules/jest/bin/jest.js', '-c', 'containers/jest.config.js', '--forceExit'],
    {
      cwd: `${root}/e2e`,
      stdio: 'inherit',
    },
  );
}

function finish(results: Parameters<typeof summarize>[0]): void {
  const { text, failed, skipped } = summarize(results);
  console.log(text);
  process.exitCode = failed > 0 || (skipped > 0 && process.env['NOTHING_SKIPPED'] === 'true') ? 1 : 0;
}
