import fs from 'node:fs';
import os from 'node:os';

/** A folder in memory, on Linux; a container often has a very small one. */
const IN_MEMORY = '/dev/shm';
/** Several clusters, each with what some test files write into them. */
const ROOM_BYTES = 2 * 1024 ** 3;

/**
 * Where clusters live that are thrown away: in memory where there is room, because every test file makes databases and
 * would wait for the disk. TMPDIR has the last word.
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
