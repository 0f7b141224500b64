import fs from 'node:fs';
import os from 'node:os';

/** A folder in memory on Linux, which is often very small in a container. */
const IN_MEMORY = '/dev/shm';
/** Enough for several clusters, each with the databases of some test files. */
const ROOM_BYTES = 2 * 1024 ** 3;

/**
 * The folder of temporary clusters: in memory if it is large enough there, because every test file makes databases and
 * would wait for the disk; TMPDIR overrides it.
 */
export function temporaryFolder(): string {
  return process.env['TMPDIR'] === undefined && hasRoom(IN_MEMORY) ? IN_MEMORY : os.tmpdir();
}

function hasRoom(folder: string): boolean {
  try {
    fs.accessSync(folder, fs.constants.W_OK);
    const { bavail, bsize } = fs.statfsSync(folder);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}
