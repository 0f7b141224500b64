import { GRANT_ALIVE } from '@chatelaine/oauth-server-pg';
import { batchedOn, type Query, rowsOf, run, withConnection } from '@chatelaine/postgres';
import type { TransferResponse } from '@chatelaine/protocol';
import type { Pool } from 'pg';
import type { Deps } from '../deps.ts';
import type { Intent } from './begin-store.ts';
import { IS_PAUSED } from '../connections/sql/paused.ts';
import { relayed } from './check-answer.ts';
import { paused } from './decide.ts';
import type { Minted, TransferOutcome } from './outcome.ts';

/**
 * Seconds after its commit within which a completed transfer is written to the client, or else to nobody. PROTOCOL §7.
 */
const LEAVES_WITHIN_MS = 250;
/** How often a transfer that was not written in time is checked again before it is given up. */
const COMPLETIONS = 10;

/**
 * Reads revocation once more and closes the intents, in one statement right before the answers are sent, so that
 * nothing is sent after a stop was answered. A process that was held up in between does so again. Nothing may be
 * awaited between its return and the writing of the answer: all of that happens in one turn of the event loop. The
 * returned function gives the outcome of each. PROTOCOL §3.5, §7.
 */
export async function complete(
  deps: Pick<Deps, 'pool' | 'monotonic' | 'failpoint'>,
  minted: readonly Minted[],
): Promise<(one: Minted) => TransferOutcome> {
  let transfers = minted.map(({ intent }) => intent);
  const reasons = new Map<string, Withheld>();
  for (let round = 1; round <= COMPLETIONS; round++) {
    const from = round === 1 ? 'intent' : 'minted';
    const [one, ...more] = transfers;
    const isOne = one !== undefined && more.length === 0 && from === 'intent';
    const closed = isOne ? completeOne(deps, one) : completeTransfers(deps, { transfers, from });
    const { completed, withheld, committedFrom } = await closed;
    for (const [id, reason] of withheld) reasons.set(id, reason);
    await deps.failpoint('transfer.completed');
    if (completed.size === 0 || deps.monotonic() - committedFrom <= LEAVES_WITHIN_MS)
      return outcomeIn(completed, reasons);
    transfers = transfers.filter(({ id }) => completed.has(id));
  }
  await discardTransfers(deps.pool, transfers);
  return () => ({ kind: 'not_in_time' });
}

// for what ended in flight the revocation at the Host is queued already, under the grant_id known before the call
const outcomeIn =
  (completed: ReadonlySet<string>, withheld: ReadonlyMap<string, Withheld>) =>
  ({ intent, response }: { intent: Intent; response: TransferResponse }): TransferOutcome => {
    if (completed.has(intent.id)) return { kind: 'token', response: relayed(response) };
    switch (withheld.get(intent.id)) {
      case 'terms':
        return { kind: 'terms_changed' };
      // the next request is told for how long
      case 'paused':
        return paused(PAUSED_RETRY_SECONDS);
      case undefined:
        return { kind: 'stopped' };
    }
  };

const PAUSED_RETRY_SECONDS = 1;

// A closed transfer may be checked again for half a minute, and does not change after that: it may be in a checkpoint.
// Whatever ends or pauses something, or puts other terms in force, updates the row of the grant or the link, and these
// rows are locked until this commits: a stop either waits for the completion, or is seen. `for share` reads a row again
// after waiting for it, which a subquery in `set` would not. Grants before links, as stops lock them.
const COMPLETE: Query<CompletedRow> = {
  name: 'transfer_complete',
  text: `
  with due as materialized (
    select t.bucket, t.id, t.connection_id, t.link_id, t.proffer_jti
    from ${rowsOf(['int', 'text'])} as done (bucket, id, n)
      join transfer t on t.bucket = done.bucket and t.id = done.id
    where t.state = $3 and ($3 = 'intent' or t.closed_at > now() - interval '30 seconds') order by t.bucket, t.id
      for update of t
  ), granted as materialized (
    select g.bucket, g.id, g.expires_at, g.terms, ${IS_PAUSED} as paused from oauth_grant g
    where (g.bucket, g.id) in (select bucket, connection_id from due) and ${GRANT_ALIVE} order by g.bucket, g.id
      for share
  ), linked as materialized (
    select l.id from link l
    where l.id in (select due.link_id from due
      join granted on granted.bucket = due.bucket and granted.id = due.connection_id)
      and l.state = 'active' order by l.id for share
  )
  update transfer t
  set closed_at = clock_timestamp(),
    state = case when linked.id is not null and not granted.paused
      and granted.terms is not distinct from due.proffer_jti then 'minted' else 'withheld' end,
    error = case when linked.id is null then null when granted.paused then 'paused'
      when granted.terms is distinct from due.proffer_jti then 'terms' end
  from due
    left join granted on granted.bucket = due.bucket and granted.id = due.connection_id
      and (granted.expires_at is null or granted.expires_at > clock_timestamp())
    left join linked on granted.id is not null and linked.id = due.link_id
  where t.bucket = due.bucket and t.id = due.id
  returning t.id, t.state, t.error, extract(epoch from clock_timestamp() - statement_timestamp())::float8 * 1000
    as worked_ms`,
};

/**
 * The usual case, for many at once: nothing was stopped or changed, and nobody is about to. A locked row is skipped,
 * and whatever is not closed here goes through {@link COMPLETE} by itself.
 */
const COMPLETE_MANY: Query<CompletedRow> = {
  name: 'transfer_complete_many',
  text: `
  with due as materialized (
    select t.bucket, t.id, t.connection_id, t.link_id, t.proffer_jti
    from ${rowsOf(['int', 'text'])} as done (bucket, id, n) join transfer t on t.bucket = done.bucket and t.id = done.id
    where t.state = 'intent' order by t.bucket, t.id for update of t skip locked
  ), granted as materialized (
    select g.bucket, g.id, g.expires_at, g.terms from oauth_grant g
    where (g.bucket, g.id) in (select bucket, connection_id from due) and ${GRANT_ALIVE} and not ${IS_PAUSED}
      order by g.bucket, g.id for share skip locked
  ), linked as materialized (
    select l.id from link l
    where l.id in (select due.link_id from due
      join granted on granted.bucket = due.bucket and granted.id = due.connection_id)
      and l.state = 'active' order by l.id for share skip locked
  )
  update transfer t set closed_at = clock_timestamp(), state = 'minted'
  from due
    join granted on granted.bucket = due.bucket and granted.id = due.connection_id
      and granted.terms is not distinct from due.proffer_jti
      and (granted.expires_at is null or granted.expires_at > clock_timestamp())
    join linked on linked.id = due.link_id
  where t.bucket = due.bucket and t.id = due.id
  returning t.id, t.state, t.error, extract(epoch from clock_timestamp() - statement_timestamp())::float8 * 1000
    as worked_ms`,
};

interface CompletedRow {
  id: string;
  state: string;
  error: Withheld | null;
  worked_ms: number;
}

interface Completed {
  /** Those that may be sent. */
  readonly completed: ReadonlySet<string>;
  /** Why others may not, if nothing was stopped. */
  readonly withheld: ReadonlyMap<string, Withheld>;
  /** No later than the commit, by this process's clock. */
  readonly committedFrom: number;
}

/** The owner has replaced the terms under which it was asked for (PROTOCOL §10.4), or paused its connection. */
type Withheld = 'terms' | 'paused';

type Closing = Pick<Intent, 'bucket' | 'id'>;

/** One intent, together with others in one statement; null if it has to be closed by itself. */
const completeTogether = batchedOn<{ closing: Closing; monotonic: Deps['monotonic'] }, Completed | null>((pool) => ({
  one: ({ closing, monotonic }) => completeTransfers({ pool, monotonic }, { transfers: [closing], from: 'intent' }),
  many: (several) =>
    withConnection(pool, async (db) => {
      const sent = several.map(({ monotonic }) => monotonic());
      const { completed, withheld, worked } = readCompleted(
        await run(db, COMPLETE_MANY, idsOf(several.map(({ closing }) => closing))),
      );
      return several.map(({ closing }, index) =>
        completed.has(closing.id) ? { completed, withheld, committedFrom: (sent[index] ?? 0) + worked } : null,
      );
    }),
}));

async function completeOne(deps: Pick<Deps, 'pool' | 'monotonic'>, closing: Closing): Promise<Completed> {
  const together = await completeTogether(deps.pool, { closing, monotonic: deps.monotonic });
  return together ?? completeTransfers(deps, { transfers: [closing], from: 'intent' });
}

/**
 * Closes the intents of minted tokens, reading revocation once more: what was stopped meanwhile is withheld. `minted`:
 * closed already, by this process, and checked again. PROTOCOL §3.5.
 */
async function completeTransfers(
  { pool, monotonic }: Pick<Deps, 'pool' | 'monotonic'>,
  { transfers, from }: { transfers: readonly Closing[]; from: 'intent' | 'minted' },
): Promise<Completed> {
  // get a connection first: waiting for one must not count as time of the statement
  return withConnection(pool, async (db) => {
    const sent = monotonic();
    const { worked, ...closed } = readCompleted(await run(db, COMPLETE, [...idsOf(transfers), from]));
    return { ...closed, committedFrom: sent + worked };
  });
}

const idsOf = (transfers: readonly Closing[]): unknown[] => [
  transfers.map(({ bucket }) => bucket),
  transfers.map(({ id }) => id),
];

function readCompleted(rows: readonly CompletedRow[]): Omit<Completed, 'committedFrom'> & { readonly worked: number } {
  const worked = Math.min(...rows.map(({ worked_ms }) => worked_ms));
  return {
    completed: new Set(rows.filter(({ state }) => state === 'minted').map(({ id }) => id)),
    withheld: new Map(rows.flatMap(({ id, error }) => (error === null ? [] : [[id, error] as const]))),
    worked: Number.isFinite(worked) ? worked : 0,
  };
}

const DISCARD: Query = {
  name: 'transfer_discard',
  text: `
  update transfer t set state = 'withheld', error = 'late', closed_at = now()
  from unnest($1::integer[], $2::text[]) as late (bucket, id)
  where t.bucket = late.bucket and t.id = late.id and t.state = 'minted'
    and t.closed_at > now() - interval '30 seconds'`,
};

/** A completed transfer that was not sent in time goes to nobody. PROTOCOL §7. */
async function discardTransfers(pool: Pool, transfers: readonly Closing[]): Promise<void> {
  await run(pool, DISCARD, idsOf(transfers));
}
