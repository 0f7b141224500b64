// `pnpm test:busy [times]`: the whole suite on a machine that is busy with something else: two endless loops for each
// core, at equal priority. Nothing is taken from turbo's cache. Runs once by default.

import { spawn, spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { root } from './workspace.ts';

const LOOPS_PER_CORE = 2;
/** Endless work, except that it checks from time to time whether its parent is still there. */
const LOOP = `
  let going = true;
  process.stdin.resume().on('close', () => (going = false)).on('end', () => (going = false));
  (function work() {
    for (const until = performance.now() + 200; performance.now() < until; );
    if (going) setImmediate(work);
  })();`;
const times = Number(process.argv[2] ?? 1);
if (!Number.isInteger(times) || times < 1) {
  console.error('How many times? pnpm test:busy 3');
  process.exit(64);
}

const loops = Array.from({ length: LOOPS_PER_CORE * os.availableParallelism() }, () =>
  // each ends with us, however we end, because its input is closed
  spawn(process.execPath, ['-e', LOOP], { stdio: ['pipe', 'ignore', 'inherit'] }),
);
const took: string[] = [];
try {
  for (let time = 1; time <= times; time++) {
    console.log(`\nRun ${time} of ${times}, beside ${loops.length} busy loops`);
    const began = performance.now();
    const { status } = spawnSync(process.execPath, [path.join(import.meta.dirname, 'check.ts')], {
      cwd: root,
      env: { ...process.env, TURBO_FORCE: 'true' },
      stdio: 'inherit',
    });
    took.push(`${((performance.now() - began) / 1000).toFixed(0)} s${status === 0 ? '' : ' (failed)'}`);
    if (status !== 0) process.exitCode = 1;
  }
} finally {
  for (const loop of loops) loop.kill('SIGKILL');
}
console.log(`\nBeside busy loops: ${took.join(', ')}`);
