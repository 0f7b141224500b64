import { defineQuery, type Pool, run } from '@chatelaine/postgres';
import type { SessionLifetime } from './session-store.ts';

const REAP_SESSIONS = defineQuery<{ n: number }>({
  name: 'session.reap',
  text: `with gone as (delete from session where seen_at <= now() - make_interval(secs => $1)
    or created_at <= now() - make_interval(secs => $2) returning 1)
    select count(*)::int as n from gone`,
});
const REAP_COUNTERS = defineQuery<{ n: number }>({
  name: 'rate_limit.reap',
  text: `with gone as (delete from rate_limit where expire < extract(epoch from now()) * 1000 - 60000 returning 1)
    select count(*)::int as n from gone`,
});

const REAP_CHALLENGES = defineQuery<{ n: number }>({
  name: 'spent_challenge.reap',
  text: `with gone as (delete from spent_challenge where expires_at <= now() returning 1) select count(*)::int as n
    from gone`,
});

const REAP_MAIL_TOKENS = defineQuery<{ n: number }>({
  name: 'mail_token.reap',
  text: `with gone as (delete from mail_token where expires_at <= now() returning 1) select count(*)::int as n
    from gone`,
});

/**
 * Deletes expired sessions, counters, tokens of mails and used challenges, and returns how many. They are refused
 * anyway; this keeps the tables small.
 */
export async function reap(
  pool: Pool,
  { idle, absolute }: SessionLifetime,
): Promise<{ sessions: number; counters: number; challenges: number; mailTokens: number }> {
  const [sessions] = await run(pool, REAP_SESSIONS, [idle, absolute]);
  const [counters] = await run(pool, REAP_COUNTERS);
  const [mailTokens] = await run(pool, REAP_MAIL_TOKENS);
  const [challenges] = await run(pool, REAP_CHALLENGES);
  return {
    sessions: sessions?.n ?? 0,
    counters: counters?.n ?? 0,
    challenges: challenges?.n ?? 0,
    mailTokens: mailTokens?.n ?? 0,
  };
}
