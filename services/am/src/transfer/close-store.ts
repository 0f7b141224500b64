import { GRANT_ALIVE, run, runForRow, type Statement } from '@chatelaine/oauth-server-pg';
import type { Pool } from 'pg';
import type { Intent } from './store.ts';

const COMPLETE: Statement = {
  name: 'transfer_complete',
  text: `
  update transfer t
  set closed_at = now(), state = case when exists (
      select from oauth_grant g join link l on l.id = t.link_id
      where g.bucket = t.bucket and g.id = t.connection_id and ${GRANT_ALIVE}
        and l.state = 'active') then 'minted' else 'withheld' end
  from unnest($1::integer[], $2::text[]) as done (bucket, id)
  where t.bucket = done.bucket and t.id = done.id and t.state = 'intent'
  returning t.id, t.state`,
};

/**
 * Closes the intents of minted tokens, reading revocation once more: what the owner stopped meanwhile is withheld. Returns the ids of those that may
 * be handed out. PROTOCOL §3.5.
 */
export async function completeTransfers(
  pool: Pool,
  intents: readonly Pick<Intent, 'bucket' | 'id'>[],
): Promise<ReadonlySet<string>> {
  const values = [intents.map(({ bucket }) => bucket), intents.map(({ id }) => id)];
  const rows = await run<{ id: string; state: string }>(pool, COMPLETE, values);
  return new Set(rows.filter(({ state }) => state === 'minted').map(({ id }) => id));
}

const CLOSE: Statement = {
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

const ABANDON: Statement = {
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

const CLOSE_LOST: Statement = {
  name: 'transfer_close_lost',
  text: `with lost as (
    select bucket, id from transfer where state = 'intent' and started_at < now() - make_interval(secs => $1) limit 1000 for update skip locked
  ), closed as (
    update transfer t set closed_at = now(), state = 'failed', error = 'lost' from lost where t.bucket = lost.bucket and t.id = lost.id returning 1
  )
  select count(*)::int as n from closed`,
};

/**
 * Closes the intents that no process works on any more: whoever wrote them died before he could. Whatever the Host minted for one was handed to
 * nobody, and its row stays. Returns how many.
 */
export async function closeLost(pool: Pool, input: { olderThanSeconds: number }): Promise<number> {
  return (await runForRow<{ n: number }>(pool, CLOSE_LOST, [input.olderThanSeconds])).n;
}
