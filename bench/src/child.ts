import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import type { Profiler } from 'node:inspector';
import path from 'node:path';

/** What a process has used so far. */
export interface Usage {
  /** How often each statement was sent, by its name. */
  readonly statements: Readonly<Record<string, number>>;
  readonly cpuMs: number;
}

/** In bytes, after garbage collection. */
export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
}

export type Profile = Profiler.Profile;

/**
 * A measured process: it runs the built packages, as deployed, with the statement counter preloaded, and is called over
 * the IPC channel.
 */
export interface Child {
  /** Resolves when the process accepts calls. */
  readonly ready: Promise<void>;
  /** Calls one of the process's methods; see {@link serve}. */
  call<T>(method: string, input?: unknown): Promise<T>;
  usage(): Promise<Usage>;
  memory(): Promise<Memory>;
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** The file to run. */
  main: string;
  cwd?: string;
  env: Readonly<Record<string, string>>;
  /** Flags for Node. */
  flags?: readonly string[];
  /** A file for its output; by default the output is discarded. */
  output?: string;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const READY = 'ready';
const COUNTER = path.join(import.meta.dirname, 'count-statements.ts');

export function startChild({ main, cwd, env, output, flags = [] }: ChildOptions): Child {
  const stdout = output === undefined ? ('ignore' as const) : fs.openSync(output, 'w');
  const args = [...flags, '--disable-warning=ExperimentalWarning', '--import', COUNTER, main];
  const child = spawn(process.execPath, args, {
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, ...env },
    stdio: ['ignore', stdout, 'inherit', 'ipc'],
  });
  const pending = new Map<number, Pending>();
  const { promise: ready, resolve: isReady, reject: isNever } = Promise.withResolvers<void>();
  // nobody awaits this for a process that accepts no calls
  ready.catch(() => undefined);
  let last = 0;
  child.on('message', (message) => {
    if (message === READY) return isReady();
    if (!isAnswer(message)) return;
    const waiting = pending.get(message.id);
    pending.delete(message.id);
    if (message.error === undefined) waiting?.resolve(message.result);
    else waiting?.reject(new Error(message.error));
  });
  child.on('exit', (code) => {
    isNever(new Error(`${main} ended (${code}) before it was ready.`));
    for (const { reject } of pending.values()) reject(new Error(`${main} ended (${code}).`));
  });
  const call = <T>(method: string, input?: unknown): Promise<T> => {
    const id = ++last;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    pending.set(id, { resolve, reject });
    child.send({ id, method, input });
    return promise as Promise<T>;
  };
  return { ready, call, usage: () => call('usage'), memory: () => call('memory'), stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await exited;
  clearTimeout(late);
}

/** In a child: answers calls with these methods. The preloaded counter answers `usage`. */
export function serve(methods: Readonly<Record<string, (input: unknown) => Promise<unknown>>>): void {
  process.on('message', (message) => {
    const { id, method, input } = message as { id: number; method: string; input: unknown };
    const found = methods[method];
    if (found === undefined) return;
    found(input).then(
      (result) => process.send?.({ id, result }),
      (error: unknown) => process.send?.({ id, error: error instanceof Error ? error.stack : String(error) }),
    );
  });
  process.on('SIGTERM', () => process.exit(0));
  process.send?.(READY);
}

function isAnswer(message: unknown): message is { id: number; result?: unknown; error?: string } {
  return typeof message === 'object' && message !== null && 'id' in message;
}
