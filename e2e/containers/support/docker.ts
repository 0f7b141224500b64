import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** On everything that these tests make, so that a run finds what an earlier one left. */
export const LABEL = 'dev.chatelaine.test=true';
/** Names of compose projects of these tests begin so. */
export const PROJECT_PREFIX = 'chatelaine-test-';

const PATIENCE_MS = 180_000;

/** Runs `docker`; resolves with what it printed. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await exec('docker', args, { timeout: PATIENCE_MS, maxBuffer: 1 << 26 });
  return stdout.trim();
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/**
 * Removes what earlier runs, or this one, left behind: containers, networks and volumes of these tests and of nobody
 * else.
 */
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
