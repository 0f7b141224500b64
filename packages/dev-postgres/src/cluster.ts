import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Programs } from './binaries.ts';

const exec = promisify(execFile);

const INITDB = ['-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
/** Small, since every test file makes a copy. */
const SMALL_SEGMENTS = '--wal-segsize=4';

/**
 * Makes sure that there is a cluster in `dataDir`, owned by the user who runs the server. `copy`: it is copied from one
 * that was made for this version of Postgres and is kept in the temporary directory: initdb takes more than a second of
 * processor time, and copying next to none.
 */
export async function initialise(run: Programs, input: { dataDir: string; from: 'initdb' | 'copy' }): Promise<void> {
  const { dataDir, from } = input;
  if (fs.existsSync(path.join(dataDir, 'PG_VERSION'))) return;
  makeDirectory(run, dataDir);
  if (from === 'initdb') await initdb(run, dataDir, []);
  else await exec('cp', ['-R', `${await kept(run)}/.`, dataDir], { ...run.as, cwd: '/' });
}

/** Made under another name and then renamed, so that no process copies half of it. */
async function kept(run: Programs): Promise<string> {
  const print = createHash('sha256').update(
    JSON.stringify([run.version, process.arch, ourUid(run), INITDB, SMALL_SEGMENTS]),
  );
  const cluster = path.join(os.tmpdir(), `embedded-postgres-cluster-${print.digest('hex').slice(0, 16)}`);
  if (!fs.existsSync(cluster)) {
    const partial = `${cluster}.${randomUUID()}`;
    makeDirectory(run, partial);
    await initdb(run, partial, [SMALL_SEGMENTS]);
    try {
      fs.renameSync(partial, cluster);
    } catch {
      fs.rmSync(partial, { recursive: true, force: true }); // somebody else was faster
    }
  }
  // everybody can write to the temporary directory, and whoever owns a cluster controls what it does
  if (fs.statSync(cluster).uid !== ourUid(run)) throw new Error(`${cluster} belongs to somebody else; delete it.`);
  return cluster;
}

function makeDirectory({ as: { uid, gid } }: Programs, directory: string): void {
  fs.mkdirSync(path.dirname(directory), { recursive: true });
  fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (uid !== undefined && gid !== undefined) fs.chownSync(directory, uid, gid);
}

async function initdb(run: Programs, dataDir: string, more: readonly string[]): Promise<void> {
  await exec(path.join(run.bin, 'initdb'), ['-D', dataDir, ...INITDB, ...more], { ...run.as, cwd: '/' });
}

const ourUid = (run: Programs): number | undefined => run.as.uid ?? process.getuid?.();
