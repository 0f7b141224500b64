import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** Label of everything that these tests create, so that a run finds what an earlier one left behind. */
export const LABEL = 'dev.chatelaine.test=true';
/** Prefix of the names of these tests' compose projects. */
export const PROJECT_PREFIX = 'chatelaine-test-';

const PATIENCE_MS = 180_000;

/** Runs `docker`; resolves with what it printed. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await exec('docker', args, { timeout: PATIENCE_MS, maxBuffer: 1 << 26 });
  return stdout.trim();
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** Removes containers, networks and volumes that these tests left behind, in this run or an earlier one. */
export async function prune(): Promise<void> {
  const ours = `label=${LABEL}`;
  const containers = [
    ...lines(await docker('ps', '-aq', '--filter', ours)),
    ...lines(await docker('ps', '-aq', '--filter', `name=${PROJECT_PREFIX}`)),
  ];
  if (containers.length > 0) await docker('rm', '-f', '-v', ...new Set(containers));
  for (const kind of ['network', 'volume']) {
    const left = [
      ...lines(await docker(kind, 'ls', '-q', '--filter', ours)),
      ...lines(await docker(kind, 'ls', '-q', '--filter', `name=${PROJECT_PREFIX}`)),
    ];
    if (left.length > 0) await docker(kind, 'rm', ...new Set(left));
  }
}
