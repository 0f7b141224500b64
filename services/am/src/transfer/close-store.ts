import { type Query, run, runForRow, withConnection } from '@chatelaine/postgres';
import { GRANT_ALIVE } from '@chatelaine/oauth-server-pg';
import type { Pool } from 'pg';
import type { Deps } from '../deps.ts';
import type { Intent } from './store.ts';

// Whatever ends something updates the row of the grant or the link, and these rows are held until this commits: a stop waits for what is being completed,
// or is seen. `for share` looks at a row once more when it was waited for, which a subquery in `set` would not. Grants before links, as stops take them.
const COMPLETE: Query<CompletedRow> = {
  name: 'transfer_complete',
  text: `
  with due as materialized (
    select t.bucket, t.id, t.connection_id, t.link_id
    from unnest($1::integer[], $2::text[]) as done (bucket, id) join transfer t on t.bucket = done.bucket and t.id = done.id
    where t.state = $3 order by t.bucket, t.id for update of t
  ), granted as materialized (
    select g.bucket, g.id, g.expires_at from oauth_grant g
    where (g.bucket, g.id) in (select bucket, connection_id from due) and ${GRANT_ALIVE} order by g.bucket, g.id for share
  ), linked as materialized (
    select l.id from link l
    where l.id in (select due.link_id from due join granted on granted.bucket = due.bucket and granted.id = due.connection_id)
      and l.state = 'active' order by l.id for share
  )
  update transfer t
  set closed_at = clock_timestamp(), state = case when linked.id is not null then 'minted' else 'withheld' end
  from due
    left join granted on granted.bucket = due.bucket and granted.id = due.connection_id
      and (granted.expires_at is null or granted.expires_at > clock_timestamp())
    left join linked on granted.id is not null and linked.id = due.link_id
  where t.bucket = due.bucket and t.id = due.id
  returning t.id, t.state, extract(epoch from clock_timestamp() - statement_timestamp())::float8 * 1000 as worked_ms`,
};

interface CompletedRow {
  id: string;
  state: string;
  worked_ms: number;
}

export interface Completed {
  /** Those that may be handed out. */
  readonly handed: ReadonlySet<string>;
  /** No later than the commit, by this process's clock. */
  readonly committedFrom: number;
}

/**
 * Closes the intents of minted tokens, reading revocation once more: what was stopped meanwhile is withheld. `minted`: closed before, by this process,
 * and to be looked at once more. PROTOCOL §3.5.
 */
export async function completeTransfers(
  { pool, monotonic }: Pick<Deps, 'pool' | 'monotonic'>,
  { transfers, from }: { transfers: readonly Pick<Intent, 'bucket' | 'id'>[]; from: 'intent' | 'minted' },
): Promise<Completed> {
  const values = [transfers.map(({ bucket }) => bucket), transfers.map(({ id }) => id), from];
  // a connection first: waiting for one is no part of what the statement took
  return withConnection(pool, async (db) => {
    const sent = monotonic();
    const rows = await run(db, COMPLETE, values);
    const worked = Math.min(...rows.map(({ worked_ms }) => worked_ms));
    const handed = new Set(rows.filter(({ state }) => state === 'minted').map(({ id }) => id));
    return { handed, committedFrom: sent + (Number.isFinite(worked) ? worked : 0) };
  });
}

const DISCARD: Query = {
  name: 'transfer_discard',
  text: `
  update transfer t set state = 'withheld', error = 'late', closed_at = now()
  from unnest($1::integer[], $2::text[]) as late (bucket, id)
  where t.bucket = late.bucket and t.id = late.id and t.state = 'minted'`,
};

/** What was completed and did not leave in time goes to nobody. PROTOCOL §7. */
export async function discardTransfers(pool: Pool, transfers: readonly Pick<Intent, 'bucket' | 'id'>[]): Promise<void> {
  await run(pool, DISCARD, [transfers.map(({ bucket }) => bucket), transfers.map(({ id }) => id)]);
}

const CLOSE: Query = {
  name: 'transfer_close',
  text: `with closed as (
    update transfer set closed_at = now(), state = $3, error = $4 where bucket = $1 and id = $2 and state = 'intent' returning ask_id
  )
  update ask set state = 'approved' from closed where $5 = 'given back' and ask.id = closed.ask_id and ask.state = 'used'`,
};

/** Closes the intent of a transfer that came to nothing; the approval that it used, if any, is used or as good as before. PROTOCOL §3.7. */
export async function closeTransfer(
  pool: Pool,
  intent: Pick<Intent, 'bucket' | 'id'>,
  outcome: { state: 'refused' | 'failed' | 'withheld'; error: string; approval: 'used' | 'given back' },
): Promise<void> {
  const { state, error, approval } = outcome;
  await run(pool, CLOSE, [intent.bucket, intent.id, state, error.slice(0, 200), approval]);
}

const ABANDON: Query = {
  name: 'transfer_abandon',
  text: `with closed as (
    update transfer set closed_at = now(), state = 'failed', error = $3 where bucket = $1 and id = $2 and state = 'intent'
    returning owner_id, connection_id, host_id
  ), renewed as (
    update connection_host ch set grant_id = $5 from closed
    where ch.connection_id = closed.connection_id and ch.host_id = closed.host_id and ch.grant_id = $4
    returning ch.connection_id, ch.host_id, ch.link_id
  )
  insert into revocation (owner_id, link_id, host_id, connection_id, grant_id)
  select closed.owner_id, renewed.link_id, renewed.host_id, renewed.connection_id, $4 from closed, renewed`,
};

/**
 * Closes a transfer whose answer was odd: whatever the Host minted is to be revoked. The grant it was minted under is given up for a fresh
 * one, and the Host is due to be told that the old one has ended. All or nothing: a closed row never hides a token nobody revokes.
 */
export async function abandonTransfer(
  pool: Pool,
  intent: Pick<Intent, 'bucket' | 'id'>,
  given: { error: string; grantId: string; freshGrantId: string },
): Promise<void> {
  const { error, grantId, freshGrantId } = given;
  await run(pool, ABANDON, [intent.bucket, intent.id, error.slice(0, 200), grantId, freshGrantId]);
}

const CLOSE_LOST: Query<{ n: number }> = {
  name: 'transfer_close_lost',
  text: `with lost as (
    select bucket, id from transfer where state = 'intent' and started_at < now() - make_interval(secs => $1) limit 1000 for update skip locked
  ), closed as (
    update transfer t set closed_at = now(), state = 'failed', error = 'lost' from lost where t.bucket = lost.bucket and t.id = lost.id returning 1
  )
  select count(*)::int as n from closed`,
};

/**
 * Closes the intents that no process works on any more: whoever wrote them died before they could. Whatever the Host minted for one was handed to
 * nobody, and its row stays. Returns how many.
 */
export async function closeLost(pool: Pool, input: { olderThanSeconds: number }): Promise<number> {
  return (await runForRow(pool, CLOSE_LOST, [input.olderThanSeconds])).n;
}
