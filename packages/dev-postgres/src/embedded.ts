import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import type net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, patience } from '@chatelaine/test-kit';
import pg from 'pg';
import { type Programs, programs } from './binaries.ts';
import { initialise } from './cluster.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A running Postgres of our own on 127.0.0.1, with trust authentication and the superuser `postgres`. */
export interface Embedded {
  readonly port: number;
  /** Connection URL of a role; the database defaults to `postgres`. */
  url(role: string, database?: string): string;
  /**
   * Stops the server as a crash would: without a checkpoint, and open transactions are lost. `restart` recovers it.
   */
  crash(): Promise<void>;
  /** Starts the server again on the same port and data directory after `crash`. */
  restart(): Promise<void>;
  /** Stops the server; a temporary data directory is deleted. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /**
   * Kept when the server stops, and written durably. By default a temporary directory, without fsync, which `stop`
   * deletes.
   */
  dataDir?: string;
  /** By default one that `choosePort` returns. */
  port?: number;
  /**
   * Called again if the port was taken before the server listened there. By default it returns ports that no other
   * process of these tests chooses, not even between `crash` and `restart`.
   */
  choosePort?: () => Promise<number>;
  /** Further settings of Postgres, as `name=value`. */
  settings?: readonly string[];
}

const START_WITHIN_MS = patience(120);
const START_PAUSE_MS = 20;
/** How long a server that is already at the given port may take to answer; it need not be a Postgres. */
const ANSWER_WITHIN_MS = patience(5);
const MAX_CONNECTIONS = 200;
/** Some other program may take a chosen port before Postgres listens there. */
const PORT_TRIES = 5;

/**
 * Starts an embedded Postgres. It ends with this process, in whichever way that ends. If it cannot start, rejects with
 * the server's message.
 */
export async function startEmbedded(options: EmbeddedOptions = {}): Promise<Embedded> {
  const run = await programs();
  const temporary = options.dataDir === undefined;
  const dataDir = options.dataDir ?? fs.mkdtempSync(path.join(temporaryFolder(), 'embedded-postgres-data-'));
  await initialise(run, { dataDir, from: temporary ? 'copy' : 'initdb' });
  const clear = (): void => {
    if (temporary) fs.rmSync(dataDir, { recursive: true, force: true });
  };
  const { settings = [] } = options;
  const start = (port: number): Promise<Running> => launch({ run, dataDir, port, temporary, settings });
  const started = await startSomewhere(options, start).catch((error: unknown) => {
    clear();
    throw error;
  });
  const { port } = started;
  let { running } = started;
  return {
    port,
    url: (role, database = 'postgres') => urlOf({ port, role, database }),
    async crash() {
      await end(running, 'SIGQUIT');
    },
    async restart() {
      running = await start(port);
    },
    async stop() {
      await end(running, 'SIGINT');
      clear();
    },
  };
}

function urlOf({ port, role, database }: { port: number; role: string; database: string }): string {
  const [user, name] = [encodeURIComponent(role), encodeURIComponent(database)];
  return `postgresql://${user}:${user}@127.0.0.1:${port}/${name}`;
}

interface Running {
  server: ChildProcess;
  watchdog: ChildProcess;
}

/** Starts it at the given port, or else at the first chosen one that is not taken in the meantime. */
async function startSomewhere(
  options: EmbeddedOptions,
  start: (port: number) => Promise<Running>,
): Promise<{ port: number; running: Running }> {
  const { choosePort = freePort } = options;
  for (let tries = 1; ; tries++) {
    const port = options.port ?? (await choosePort());
    try {
      return { port, running: await start(port) };
    } catch (error) {
      if (options.port !== undefined || !(error instanceof PortTaken) || tries >= PORT_TRIES) throw error;
    }
  }
}

class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

interface Launch {
  run: Programs;
  dataDir: string;
  port: number;
  temporary: boolean;
  settings: readonly string[];
}

async function launch({ run, dataDir, port, temporary, settings }: Launch): Promise<Running> {
  const url = urlOf({ port, role: 'postgres', database: 'postgres' });
  // fsync protects from a crash of the machine, which no test survives anyway. synchronous_commit stays on, since
  // crash() must lose nothing that was acknowledged
  const flags = [...(temporary ? ['fsync=off', 'full_page_writes=off'] : []), ...settings].flatMap((it) => ['-c', it]);
  const args = [
    '-D',
    dataDir,
    '-p',
    String(port),
    '-h',
    '127.0.0.1',
    '-c',
    'unix_socket_directories=',
    '-c',
    `max_connections=${MAX_CONNECTIONS}`,
  ];
  const server = spawn(path.join(run.bin, 'postgres'), [...args, ...flags], {
    ...run.as,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let log = '';
  server.on('error', (error) => {
    log += error.message;
  });
  server.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-8192);
  });
  const watchdog = watch(run, server, temporary ? dataDir : null);
  const closed = once(server, 'close').catch(() => undefined); // all that it had to say has been read then
  for (const began = performance.now(); ; ) {
    try {
      if (await serves(url, dataDir)) return detach({ server, watchdog });
      throw new Error('Another Postgres answers on this port.');
    } catch (cause) {
      const ended = server.exitCode !== null || server.signalCode !== null || server.pid === undefined;
      if (ended || performance.now() - began > START_WITHIN_MS) {
        await end({ server, watchdog }, 'SIGKILL');
        await closed;
        const problem = `The embedded Postgres did not start on port ${port}:\n${log}`;
        throw /could not bind .* address .*: Address already in use/.test(log)
          ? new PortTaken(problem, { cause })
          : new Error(problem, { cause });
      }
      await sleep(START_PAUSE_MS);
    }
  }
}

/** Whether the server that answers is this one: if the port was in use, it is another. */
async function serves(url: string, dataDir: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: ANSWER_WITHIN_MS });
  await client.connect();
  try {
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    return rows[0]?.data_directory === path.resolve(dataDir);
  } finally {
    await client.end();
  }
}

/**
 * A server that was not stopped must not keep this process alive: when the process ends, the watchdog stops the server.
 */
function detach({ server, watchdog }: Running): Running {
  server.unref();
  watchdog.unref();
  for (const pipe of [server.stderr, watchdog.stdin]) (pipe as net.Socket | null)?.unref();
  return { server, watchdog };
}

/**
 * When this process ends, even by kill -9, its end of the pipe is closed. The watchdog then stops the server, and
 * deletes a temporary directory.
 */
function watch(run: Programs, server: ChildProcess, garbage: string | null): ChildProcess {
  const script =
    'trap "" INT TERM HUP; cat >/dev/null; kill -INT "$1" 2>/dev/null; n=0; ' +
    'while kill -0 "$1" 2>/dev/null && [ $n -lt 50 ]; do n=$((n+1)); sleep 0.1; done; [ -z "$2" ] || rm -rf "$2"';
  const watchdog = spawn('/bin/sh', ['-c', script, 'sh', String(server.pid), garbage ?? ''], {
    ...run.as,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchdog.on('error', () => undefined);
  return watchdog;
}

async function end({ server, watchdog }: Running, signal: NodeJS.Signals): Promise<void> {
  if (server.pid !== undefined && server.exitCode === null && server.signalCode === null) {
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.ref();
    server.kill(signal);
    await gone;
  }
  watchdog.kill('SIGKILL');
}
