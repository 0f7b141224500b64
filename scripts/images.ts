// Builds the images of the services, of the demo account, Postgres and the proxy: `pnpm images`. The classic builder
// and BuildKit give the same result.
//   node scripts/images.ts --from HEAD^ --tag previous am     of a commit, with a tag, only these

import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { IMAGES, type ImageName, recipe } from './images/recipes.ts';
import { root } from './workspace.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { from: { type: 'string' }, tag: { type: 'string', default: 'latest' } },
});
const names = positionals.length === 0 ? IMAGES : positionals.map(known);
const revision = git('rev-parse', values.from ?? 'HEAD').trim();
const context = values.from === undefined ? root : checkout(revision);
try {
  for (const name of names) {
    const began = performance.now();
    const image = `chatelaine-${name}:${values.tag}`;
    const args = ['build', '-q', '-t', image, ...recipe(name, { revision })];
    build(args);
    console.log(`${image} in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  }
} finally {
  if (context !== root) fs.rmSync(context, { recursive: true, force: true });
}

/** The builder's output matters only when it fails. */
function build(args: readonly string[]): void {
  const { status, stderr } = spawnSync('docker', args, { cwd: context, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status === 0) return;
  process.stderr.write(stderr);
  throw new Error(`docker ${args.join(' ')} ended with ${status}.`);
}

function known(text: string): ImageName {
  const name = IMAGES.find((it) => it === text);
  if (name === undefined) throw new Error(`There is no image "${text}"; there are ${IMAGES.join(', ')}.`);
  return name;
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' });
}

function checkout(commit: string): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'chatelaine-images-'));
  // the modes of a checkout, so that equal layers are shared
  const archive = execFileSync('git', ['-c', 'tar.umask=0022', 'archive', commit], { cwd: root, maxBuffer: 1 << 28 });
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  return folder;
}
