import { type Query, run, runForRow } from '@chatelaine/postgres';
import type { Pool } from 'pg';
import { currentRequestId } from '@chatelaine/telemetry';
import type { Intent } from './begin-store.ts';

const CLOSE: Query = {
  name: 'transfer_close',
  text: `with closed as (
    update transfer set closed_at = now(), state = $3, error = $4, request_id = $6
      where bucket = $1 and id = $2 and state = 'intent' returning owner_id, ask_id, rule_ids, started_at
  ), uncounted as (
    update rule_limit n set used = n.used - 1 from closed
    where $5 = 'given back' and closed.ask_id is null and n.owner_id = closed.owner_id and n.used > 0
      and n.since <= closed.started_at
      and n.id in (select r.limit_id from rule r where r.id = any (closed.rule_ids) and r.owner_id = closed.owner_id)
  )
  update ask set state = 'approved' from closed where $5 = 'given back' and ask.id = closed.ask_id
    and ask.state = 'used'`,
};

/**
 * Closes the intent of a transfer without a token. The approval or rule limits it used stay used, or are given back.
 * PROTOCOL §3.2, §3.7.
 */
export async function closeTransfer(
  pool: Pool,
  intent: Pick<Intent, 'bucket' | 'id'>,
  outcome: { state: 'refused' | 'failed' | 'withheld'; error: string; approval: 'used' | 'given back' },
): Promise<void> {
  const { state, error, approval } = outcome;
  const values = [intent.bucket, intent.id, state, error.slice(0, 200), approval, currentRequestId()];
  await run(pool, CLOSE, values);
}

const ABANDON: Query = {
  name: 'transfer_abandon',
  text: `with closed as (
    update transfer set closed_at = now(), state = 'failed', error = $3, request_id = $6
      where bucket = $1 and id = $2 and state = 'intent'
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
 * Closes a transfer whose answer was wrong: whatever the Host minted is to be revoked. The grant it was minted under is
 * replaced by a fresh one, and the Host is due to be told that the old one has ended. All or nothing: a closed row
 * never hides a token that nobody revokes.
 */
export async function abandonTransfer(
  pool: Pool,
  intent: Pick<Intent, 'bucket' | 'id'>,
  given: { error: string; grantId: string; freshGrantId: string },
): Promise<void> {
  const { error, grantId, freshGrantId } = given;
  const values = [intent.bucket, intent.id, error.slice(0, 200), grantId, freshGrantId, currentRequestId()];
  await run(pool, ABANDON, values);
}

const LOST_AT_ONCE = 1000;

const CLOSE_LOST: Query<{ n: number }> = {
  name: 'transfer_close_lost',
  text: `with lost as (
    select bucket, id from transfer
    where state = 'intent' and started_at >= (select before from transfer_settled)
      and started_at < now() - make_interval(secs => $1)
    limit ${LOST_AT_ONCE} for update skip locked
  ), closed as (
    update transfer t set closed_at = now(), state = 'failed', error = 'lost' from lost
      where t.bucket = lost.bucket and t.id = lost.id returning 1
  )
  select count(*)::int as n from closed`,
};

/** Allows for transactions in progress, and for a database whose clock is behind that of its predecessor. */
const SETTLED_AFTER_SECONDS = 300;
const SETTLED_UNTIL = `now() - make_interval(secs => $1 + ${SETTLED_AFTER_SECONDS})`;

// no index includes the state, so that closing a transfer leaves its row in place; open ones are looked for from here
// on. The bounds are values, not columns: joined, Postgres took them for a third of all transfers, and read all (`pnpm
// bench:growth`)
const SETTLE: Query = {
  name: 'transfer_settle',
  text: `update transfer_settled s set before = ${SETTLED_UNTIL}
  where ${SETTLED_UNTIL} > s.before
    and not exists (select from transfer t where t.state = 'intent'
      and t.started_at >= (select before from transfer_settled)
      and t.started_at < ${SETTLED_UNTIL})`,
};

/**
 * Closes the intents that no process works on any more, because the process that wrote them died. Whatever the Host
 * minted for one was handed to nobody, and its row stays. Returns how many.
 */
export async function closeLost(pool: Pool, input: { olderThanSeconds: number }): Promise<number> {
  const { n } = await runForRow(pool, CLOSE_LOST, [input.olderThanSeconds]);
  if (n < LOST_AT_ONCE) await run(pool, SETTLE, [input.olderThanSeconds]);
  return n;
}
