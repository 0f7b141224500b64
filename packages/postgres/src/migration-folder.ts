import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** One `<name>/migration.sql`. */
export interface Migration {
  name: string;
  sql: string;
  /** SHA-256 of the file in hex, as Prisma's own tools store it. */
  checksum: string;
}

/**
 * The migrations of several Prisma folders, sorted by name (names start with a timestamp). No name may be in two
 * folders.
 */
export async function readMigrations(dirs: string[]): Promise<Migration[]> {
  const migrations = (await Promise.all(dirs.map(readFolder))).flat().toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const twice = migrations.find(({ name }, index) => migrations[index + 1]?.name === name);
  if (twice) throw new Error(`Migration ${twice.name} is in more than one of the folders ${dirs.join(', ')}.`);
  return migrations;
}

async function readFolder(dir: string): Promise<Migration[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map(async ({ name }) => {
        // a folder without its file fails here, rather than by a missing table later
        const bytes = await readFile(path.join(dir, name, 'migration.sql'));
        return { name, sql: bytes.toString('utf8'), checksum: createHash('sha256').update(bytes).digest('hex') };
      }),
  );
}
