// Preloaded into every measured process (`--import`): counts what is sent to Postgres, transaction control included, whoever sends it, and says how
// much CPU time the process has used. A query of the pool, of a client, of Prisma or of pg-boss all pass through the one method that is wrapped here.

import pg from 'pg';

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
  if (!isCall(message) || message.method !== 'usage') return;
  const { user, system } = process.cpuUsage();
  process.send?.({ id: message.id, result: { statements: { ...counts }, cpuMs: (user + system) / 1000 } });
});
// nothing that was started to be measured outlives whoever measures
process.on('disconnect', () => process.exit());
// listening for messages alone keeps no process alive that wants to end
process.channel?.unref();

function isCall(message: unknown): message is { id: number; method: string } {
  return typeof message === 'object' && message !== null && 'id' in message && 'method' in message;
}
