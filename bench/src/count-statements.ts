// Preloaded into every measured process (`--import`): counts the statements sent to Postgres, including transaction
// control, whoever sends them; and reports how much processor time and memory the process uses, or what it spends its
// time on. Queries of the pool, of a client and of Prisma all go through the one method that is wrapped here.

import { Session } from 'node:inspector/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pg from 'pg';

/** Between two samples of a profile. */
const MICROSECONDS = 500;

/** By the statement's name, or the beginning of its text. */
const counts: Record<string, number> = {};

const original = pg.Client.prototype.query as (...args: unknown[]) => unknown;
const counting = function (this: unknown, ...args: unknown[]): unknown {
  const key = keyOf(args[0]);
  counts[key] = (counts[key] ?? 0) + 1;
  return original.apply(this, args);
};
Object.defineProperty(pg.Client.prototype, 'query', { value: counting, writable: true, configurable: true });

function keyOf(query: unknown): string {
  if (typeof query === 'string') return shorten(query);
  if (typeof query !== 'object' || query === null) return 'unknown';
  if ('name' in query && typeof query.name === 'string' && query.name !== '') return query.name;
  return 'text' in query && typeof query.text === 'string' ? shorten(query.text) : 'unknown';
}

const shorten = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 60);

process.on('message', (message) => {
  if (!isCall(message)) return;
  const { id, method } = message;
  if (method === 'usage') process.send?.({ id, result: usage() });
  if (method === 'memory') process.send?.({ id, result: memory() });
  if (method === 'startProfile') void startProfile().then(() => process.send?.({ id }));
  if (method === 'stopProfile') void stopProfile().then((result) => process.send?.({ id, result }));
});

const inspector = new Session();

async function startProfile(): Promise<void> {
  inspector.connect();
  await inspector.post('Profiler.enable');
  await inspector.post('Profiler.setSamplingInterval', { interval: MICROSECONDS });
  await inspector.post('Profiler.start');
}

async function stopProfile(): Promise<object> {
  return (await inspector.post('Profiler.stop')).profile;
}

function usage(): object {
  const { user, system } = process.cpuUsage();
  return { statements: { ...counts }, cpuMs: (user + system) / 1000 };
}

/** In bytes, after garbage collection. */
function memory(): object {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const { rss, heapUsed } = process.memoryUsage();
  return { rss, heapUsed };
}

// a process that was started to be measured must not outlive the one that measures
process.on('disconnect', () => process.exit());
// listening for messages does not keep a process alive that wants to exit
process.channel?.unref();

function isCall(message: unknown): message is { id: number; method: string } {
  return typeof message === 'object' && message !== null && 'id' in message && 'method' in message;
}
