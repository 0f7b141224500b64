import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** A folder outside the workspace in which npm installed the two kits, as for anybody else. */
export interface PackedFolder {
  readonly dir: string;
  /** Our installed packages: folder below node_modules, and package.json. */
  readonly packages: readonly { readonly dir: string; readonly manifest: Manifest }[];
  /** Runs a command in it. Rejects with its output. */
  run(command: string, ...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const ROOT = path.resolve(import.meta.dirname, '../../../..');
const KITS = ['@chatelaine/host-kit', '@chatelaine/requester-kit'];
/** Packages that an app which uses the kits brings itself. */
const APP = ['fastify@5', 'pg@8', 'cookie@2'];

const execute = promisify(execFile);

/**
 * Packs the kits and all our packages that they need, and installs them into an empty folder, into which `files` below
 * `from` are copied as they are.
 */
export async function installPacked(from: string, files: readonly string[]): Promise<PackedFolder> {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'chatelaine-packed-'));
  const run = runIn(dir);
  const tarballs = await pack(path.join(dir, 'tarballs'));
  await fs.writeFile(path.join(dir, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  await run('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs, ...APP);
  for (const file of files) await fs.cp(path.join(from, file), path.join(dir, file));
  const ours = path.join(dir, 'node_modules/@chatelaine');
  const packages = (await fs.readdir(ours)).map((name) => path.join(ours, name));
  return {
    dir,
    run,
    packages: await Promise.all(
      packages.map(async (at) => ({
        dir: at,
        manifest: JSON.parse(await fs.readFile(path.join(at, 'package.json'), 'utf8')) as Manifest,
      })),
    ),
    remove: () => fs.rm(dir, { recursive: true, force: true }),
  };
}

async function pack(to: string): Promise<string[]> {
  await fs.mkdir(to);
  const { packageManager } = JSON.parse(await fs.readFile(path.join(ROOT, 'package.json'), 'utf8')) as {
    packageManager: string;
  };
  const kits = KITS.flatMap((kit) => ['--filter-prod', `${kit}...`]);
  await runIn(ROOT)('npx', '--yes', '--prefer-offline', packageManager, ...kits, 'pack', '--pack-destination', to);
  return (await fs.readdir(to)).map((name) => path.join(to, name));
}

/** With our Node first on the PATH, whatever the machine has; `tsc` is the workspace's. */
function runIn(cwd: string): PackedFolder['run'] {
  const bin = path.join(ROOT, 'node_modules/.bin');
  const env = { ...process.env, PATH: [path.dirname(process.execPath), process.env['PATH'], bin].join(path.delimiter) };
  return async (command, ...args) => {
    try {
      return (await execute(command, args, { cwd, env, maxBuffer: 16_000_000 })).stdout;
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${command} ${args[0] ?? ''} failed:\n${stdout}${stderr}`, { cause: error });
    }
  };
}
