import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts, patience } from '@chatelaine/test-kit';
import type { Keeper } from './keeper.ts';
import { root } from './root.ts';
import { RUNTIME } from './runtime.ts';

/** How a service is run: `built`: from dist; `watch`: from its sources, with reload. */
export type RunMode = 'built' | 'watch';

export interface ServiceProcessOptions {
  /** `am-1`, `photos` …; also the name of its log. */
  name: string;
  /** The folder below services/. */
  service: 'am' | 'host' | 'bridge' | 'requester';
  /** All variables except PORT. */
  env: Readonly<Record<string, string>>;
  mode: RunMode;
  logDir: string;
  keeper: Keeper;
}

/** A process of a service. */
export interface ServiceProcess {
  readonly name: string;
  /** The file with the output of all its runs. */
  readonly logFile: string;
  /** Its port on 127.0.0.1, another one after each start. */
  readonly port: number;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  readonly running: boolean;
  /** Starts it and waits for /readyz. Rejects with the end of its log. `env`: further variables for this run. */
  start(more?: { env?: Readonly<Record<string, string>> }): Promise<void>;
  /** Sends SIGTERM; rejects unless the process then ends in order. */
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** The output of this run, or the end of it. */
  log(): string;
}

/** Tests start the same programs again and again, so Node's compiled code is kept. */
const COMPILE_CACHE = path.join(root, '.run/compile-cache');
/** Long, because a process that has not ended may only be slow. */
const READY_WITHIN_MS = patience(600);
const STOP_WITHIN_MS = patience(600);
const READY_PAUSE_MS = 25;
const LOG_TAIL_BYTES = 16_384;
const START_TRIES = 3;

interface State {
  child: ChildProcess | null;
  port: number;
}

/** A process that has not been started yet. */
export function serviceProcess(options: ServiceProcessOptions): ServiceProcess {
  const state: State = { child: null, port: 0 };
  const logFile = path.join(options.logDir, `${options.name}.log`);
  const alive = () => state.child !== null && state.child.exitCode === null && state.child.signalCode === null;
  const log = () => tail(logFile);
  return {
    name: options.name,
    logFile,
    get port() {
      return state.port;
    },
    get pid() {
      return alive() ? state.child?.pid : undefined;
    },
    get running() {
      return alive();
    },
    log,
    async start({ env = {} } = {}) {
      if (alive()) throw new Error(`${options.name} runs already.`);
      for (let tries = 1; ; tries++) {
        try {
          return await startOnce({ ...options, env: { ...options.env, ...env } }, state, logFile);
        } catch (error) {
          // its port was free, but another program may have taken it in the meantime
          if (tries >= START_TRIES || !log().includes('EADDRINUSE')) throw error;
        }
      }
    },
    async stop() {
      if (!alive() || state.child === null) return;
      const child = state.child;
      const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
      signal(options, child, 'SIGTERM');
      const late = setTimeout(() => signal({ mode: 'watch' }, child, 'SIGKILL'), STOP_WITHIN_MS);
      const [code, by] = await exited;
      clearTimeout(late);
      // tsx exits with the number of the signal
      if (options.mode === 'built' && code !== 0)
        throw new Error(`${options.name} did not stop in order (${by ?? `exit code ${code}`}).\n${log()}`);
    },
    async kill() {
      if (!alive() || state.child === null) return;
      const exited = once(state.child, 'exit');
      signal({ mode: 'watch' }, state.child, 'SIGKILL');
      await exited;
    },
  };
}

async function startOnce(options: ServiceProcessOptions, state: State, logFile: string): Promise<void> {
  const [port = 0] = await freePorts(1);
  state.port = port;
  fs.mkdirSync(path.dirname(logFile), { recursive: true });
  const output = fs.openSync(logFile, 'a');
  try {
    state.child = spawn(process.execPath, [...argumentsFor(options.mode)], {
      cwd: path.join(root, 'services', options.service),
      env: { ...process.env, ...RUNTIME.env, NODE_COMPILE_CACHE: COMPILE_CACHE, ...options.env, PORT: String(port) },
      stdio: ['ignore', output, output],
      // Ctrl-C in a terminal would reach the whole group; the process that started the services stops them in order
      detached: true,
    });
  } finally {
    fs.closeSync(output);
  }
  const { child } = state;
  let problem = '';
  child.once('error', (error) => {
    problem = error.message;
  });
  if (child.pid !== undefined) options.keeper.watch(child.pid);
  // a service that was not stopped must not keep this process alive; the keeper ends it
  child.unref();
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!(await isReady(port))) {
    const ended = child.exitCode !== null || child.signalCode !== null || problem !== '';
    if (ended) throw new Error(`${options.name} ended while starting. ${problem}\n${tail(logFile)}`);
    if (Date.now() > deadline) {
      signal({ mode: 'watch' }, child, 'SIGKILL');
      throw new Error(`${options.name} was not ready after ${READY_WITHIN_MS / 1_000} s.\n${tail(logFile)}`);
    }
    await pause(READY_PAUSE_MS);
  }
}

function argumentsFor(mode: RunMode): string[] {
  if (mode === 'built') return [...RUNTIME.flags, 'dist/bundle.js'];
  const tsx = createRequire(path.join(root, 'package.json')).resolve('tsx/cli');
  // the service's own tsconfig covers only its own files, and pages come from packages as well
  const tsconfig = path.join(root, 'packages/constellation/watch.tsconfig.json');
  return [tsx, 'watch', '--clear-screen=false', '--tsconfig', tsconfig, '--conditions=source', 'src/main.ts'];
}

/** Signals the whole group under tsx, which has a child process. */
function signal({ mode }: { mode: RunMode }, child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(mode === 'watch' ? -child.pid : child.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function isReady(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const request = http.get({ host: '127.0.0.1', port, path: '/readyz', timeout: 2_000, agent: false });
  request.on('response', (response) => {
    response.resume();
    resolve(response.statusCode === 200);
  });
  request.on('timeout', () => request.destroy());
  request.on('close', () => resolve(false));
  request.on('error', () => resolve(false));
  return promise;
}

function tail(file: string): string {
  if (!fs.existsSync(file)) return '';
  const text = fs.readFileSync(file);
  return text.subarray(Math.max(0, text.length - LOG_TAIL_BYTES)).toString();
}
