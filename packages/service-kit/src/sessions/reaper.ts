import type { FastifyInstance } from 'fastify';
import { defineQuery, type Pool, run } from '@chatelaine/postgres';
import { repeat } from '../run/repeat.ts';
import type { SessionLifetime } from './session-store.ts';

const REAP_SESSIONS = defineQuery<{ n: number }>({
  name: 'session.reap',
  text: `with gone as (delete from session where seen_at <= now() - make_interval(secs => $1) or created_at <= now() - make_interval(secs => $2) returning 1)
    select count(*)::int as n from gone`,
});
const REAP_COUNTERS = defineQuery<{ n: number }>({
  name: 'rate_limit.reap',
  text: `with gone as (delete from rate_limit where expire < extract(epoch from now()) * 1000 - 60000 returning 1) select count(*)::int as n from gone`,
});

/** Deletes sessions and counters whose time is up; says how many. They are refused before that, this only keeps the tables small. */
export async function reap(
  pool: Pool,
  { idle, absolute }: SessionLifetime,
): Promise<{ sessions: number; counters: number }> {
  const [sessions] = await run(pool, REAP_SESSIONS, [idle, absolute]);
  const [counters] = await run(pool, REAP_COUNTERS);
  return { sessions: sessions?.n ?? 0, counters: counters?.n ?? 0 };
}

const EVERY_SECONDS = 600;

/** Reaps every ten minutes for as long as the app runs. */
export function keepReaped(app: FastifyInstance, pool: Pool, lifetime: SessionLifetime): void {
  const work = async () => app.log.debug(await reap(pool, lifetime), 'reaped');
  repeat(app, { everySeconds: EVERY_SECONDS, work, what: 'reaping' });
}
