// Builds everything and runs every test: `node scripts/check.ts`. With folders as arguments (`packages services`), only
// the packages below them. Prints how far it has come, and then a summary that ends with the line
//   N passed, N failed[, N skipped]
// In the environment:
//   NOTHING_SKIPPED=true   a skipped test fails the run: for CI, where a browser and a container engine exist

import { spawn } from 'node:child_process';
import os from 'node:os';
import readline from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { chromium } from './machine.ts';
import { createProgress } from './test-progress.ts';
import { forgetResults, readResults, summarize } from './test-summary.ts';
import { root, type WorkspacePackage, workspacePackages } from './workspace.ts';

const folders = process.argv.slice(2);
const packages = workspacePackages().filter(
  ({ folder, scripts }) =>
    scripts['test'] !== undefined && (folders.length === 0 || folders.includes(folder.split('/')[0] ?? '')),
);

const unknown = folders.filter((folder) => !packages.some((one) => one.folder.split('/')[0] === folder));
if (unknown.length > 0) {
  console.error(
    `There are no packages with tests below ${unknown.join(', ')}: name folders such as packages, services, e2e.`,
  );
  process.exit(64);
}

forgetResults(packages);
const turboStatus = await runTurbo(packages);
const summary = summarize(readResults(packages));
const skippedAgainstTheRule = process.env['NOTHING_SKIPPED'] === 'true' && summary.skipped > 0;
if (skippedAgainstTheRule) console.log('\nNothing may be skipped here (NOTHING_SKIPPED=true).');
console.log(summary.text);
process.exitCode = turboStatus !== 0 ? turboStatus : summary.failed > 0 || skippedAgainstTheRule ? 1 : 0;

/** Resolves with turbo's exit code, also when turbo was interrupted: the summary is printed in any case. */
function runTurbo(selection: readonly WorkspacePackage[]): Promise<number> {
  const args = [
    'run',
    'build',
    'test',
    ...(folders.length === 0 ? [] : selection.map(({ name }) => `--filter=${name}`)),
    '--continue=dependencies-successful',
    '--output-logs=full',
    '--log-order=stream',
    `--concurrency=${Math.max(2, Math.ceil(os.availableParallelism() / 2))}`,
  ];
  // NOTHING_SKIPPED is part of a test run's cache key: a result with skipped tests must not outlive the reason for
  // skipping
  const env = {
    ...process.env,
    TURBO_TELEMETRY_DISABLED: '1',
    CHATELAINE_BROWSER: chromium() ?? '',
  };
  // Ctrl-C reaches turbo, too; we stay to report how far it got
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  return new Promise((resolve) => {
    const turbo = spawn('turbo', args, { cwd: root, env, stdio: ['inherit', 'pipe', 'pipe'] });
    const progress = createProgress({
      packages: selection.map(({ name }) => name),
      resultOf: (name) => readResults(selection.filter((it) => it.name === name))[0],
      print: (line) => console.log(line),
      now: () => performance.now(),
    });
    for (const stream of [turbo.stdout, turbo.stderr])
      readline.createInterface({ input: stream }).on('line', (line) => progress.line(stripVTControlCharacters(line)));
    turbo.once('error', (error) => {
      console.error(`turbo did not start: ${error.message}`);
      resolve(1);
    });
    turbo.once('close', (code, signal) => {
      progress.end();
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}
