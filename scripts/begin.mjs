// `npm start` on a fresh machine, with any Node from version 20: installs what the lockfile names (including Node 24
// and pnpm), builds, and starts scripts/start.ts. Each step is one line with its duration; a step's output is shown
// when it fails.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const PNPM = ['--yes', '--prefer-offline', 'pnpm@12.21.0'];
const STILL_EVERY_MS = 15_000;

// Ctrl-C reaches the whole process group and ends the current step; we stay, to exit as it did
let child;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => signal !== 'SIGINT' && child?.kill(signal));

try {
  await step('Installed', 'Installing', 'npx', [...PNPM, 'install', '--frozen-lockfile']);
  await step('Built', 'Building', 'npx', [...PNPM, 'exec', 'turbo', 'run', 'build', '--output-logs=errors-only']);
  const args = ['--conditions=source', 'scripts/start.ts', ...process.argv.slice(2)];
  process.exitCode = await ended(spawnHere(nodeOfOurs(), args, 'inherit'));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function spawnHere(program, args, stdio) {
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1' };
  child = spawn(program, args, { cwd: root, stdio, env });
  return child;
}

function ended(running) {
  return new Promise((resolve, reject) => {
    running.once('error', reject);
    running.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}

async function step(done, doing, program, args) {
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(0)} s`;
  const running = spawnHere(program, args, ['ignore', 'pipe', 'pipe']);
  let output = '';
  for (const stream of [running.stdout, running.stderr]) stream.on('data', (chunk) => (output += chunk));
  const still = setInterval(() => console.log(`${doing} … ${seconds()}`), STILL_EVERY_MS);
  const code = await ended(running).finally(() => clearInterval(still));
  if (code !== 0) throw new Error(`${output.trim()}\n${doing} failed (${program} ${args.join(' ')}).`);
  console.log(`${done} in ${seconds()}.`);
}

/** The Node of the lockfile, if there is one for this platform; otherwise the one that runs this. */
function nodeOfOurs() {
  const installed = path.join(root, 'node_modules/.bin/node');
  return fs.existsSync(installed) ? installed : process.execPath;
}
