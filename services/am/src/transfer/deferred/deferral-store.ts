import { type Query, run, runForRow } from '@chatelaine/postgres';
import {
  BURN_GUARDS,
  BURNED,
  type BurnedRow,
  findReplayed,
  GRANT_ALIVE,
  guardValues,
} from '@chatelaine/oauth-server-pg';
import type { Replayed, ReplayGuard, TokenKey } from '@chatelaine/oauth-server';
import { LIFETIME, LIMIT, type ScopeSet } from '@chatelaine/protocol';
import type { Pool } from 'pg';

/** Longer than any call to a Host takes: a process that died holds its attempt no longer than this. */
const ATTEMPT_SECONDS = 30;

const OPEN: Query = {
  name: 'transfer_open_deferral',
  text: `with crowded as (
    delete from deferral where (bucket, hash) in (
      select bucket, hash from deferral where ask_id = $8 and ended_at is null
        order by created_at desc offset $10::int - 1)
  )
  insert into deferral (bucket, hash, connection_id, client_id, jkt, resource, scopes, ask_id, expires_at)
  select $1, $2, g.id, $4, $5, $6, $7::text[], $8, now() + $9::float8 * interval '1 second'
  from oauth_grant g where g.bucket = $1 and g.id = $3 and ${GRANT_ALIVE}
  returning 1`,
};

export interface NewDeferral {
  readonly key: TokenKey;
  readonly connectionId: string;
  readonly clientId: string;
  readonly jkt: string;
  readonly resource: string;
  readonly scopes: ScopeSet;
  readonly askId: string;
}

/**
 * Stores what a Requester waits for; false if its connection ended meanwhile. A question has a few at most: the oldest
 * make room. PROTOCOL §3.7.
 */
export async function openDeferral(pool: Pool, input: NewDeferral): Promise<boolean> {
  const { key, connectionId, clientId, jkt, resource, scopes, askId } = input;
  const limits = [LIFETIME.deferral, LIMIT.deferralsPerAsk];
  const values = [key.bucket, key.hash, connectionId, clientId, jkt, resource, scopes, askId, ...limits];
  return (await run(pool, OPEN, values)).length === 1;
}

// the row's lock decides which poll came first; `due` is evaluated again under it
const POLL: Query<PolledRow> = {
  name: 'transfer_poll_deferral',
  text: `with ${BURN_GUARDS}, due as (
    update deferral set next_poll_at = now() + $7::float8 * interval '1 second' from fresh
    where bucket = $3 and hash = $4 and client_id = $5 and jkt = $6 and ended_at is null and next_poll_at <= now()
    returning 1
  )
  select ${BURNED}, d.*, exists (select from due) as due
  from (values (1)) as always left join lateral (
    select d.connection_id, d.resource, d.scopes, d.ask_id, a.state as ask_state, a.allowed,
      ceil(extract(epoch from d.expires_at - now()))::int as expires_in
    from deferral d join oauth_grant g on g.bucket = d.bucket and g.id = d.connection_id and ${GRANT_ALIVE}
      left join ask a on a.id = d.ask_id
    where d.bucket = $3 and d.hash = $4 and d.client_id = $5 and d.jkt = $6 and d.ended_at is null
  ) d on true`,
};

interface PolledRow extends BurnedRow {
  due: boolean;
  connection_id: string;
  resource: string | null;
  scopes: string[];
  ask_id: string;
  ask_state: string | null;
  allowed: string[] | null;
  expires_in: number;
}

/** A deferral that may be answered now. */
export interface Polled {
  readonly kind: 'polled';
  readonly connectionId: string;
  readonly resource: string;
  readonly scopes: ScopeSet;
  readonly askId: string;
  /** open · approved · used · closed; null: deleted. */
  readonly askState: string | null;
  /** If the owner allowed fewer of the scopes: which. */
  readonly allowed: ScopeSet | null;
  /** Seconds until it expires. */
  readonly expiresIn: number;
}

export type PollOutcome =
  | Polled
  | { readonly kind: 'too_early'; readonly connectionId: string }
  | { readonly kind: 'expired' }
  /** Unknown, ended, or of another client, key or connection: the caller cannot tell which. */
  | { readonly kind: 'unknown' }
  | Replayed;

/**
 * One poll: checks whose it is and whether it comes too early, in one statement with the replay guards, for all
 * replicas together. PROTOCOL §3.7.
 */
export async function pollDeferral(
  pool: Pool,
  input: { key: TokenKey; clientId: string; jkt: string; guards: readonly ReplayGuard[] },
): Promise<PollOutcome> {
  const { key, clientId, jkt, guards } = input;
  const values = [...guardValues(guards), key.bucket, key.hash, clientId, jkt, LIFETIME.pollInterval];
  const row = await runForRow(pool, POLL, values);
  const replayed = findReplayed(guards, row);
  if (replayed !== null) return replayed;
  if (row.resource === null) return { kind: 'unknown' };
  if (row.expires_in <= 0) return { kind: 'expired' };
  const connectionId = row.connection_id;
  if (!row.due) return { kind: 'too_early', connectionId };
  const { resource, scopes, ask_id: askId, ask_state: askState, expires_in: expiresIn, allowed } = row;
  return { kind: 'polled', connectionId, resource, scopes, askId, askState, allowed, expiresIn };
}

const ATTEMPT: Query = {
  name: 'transfer_attempt_deferral',
  text: `update deferral set attempt_id = $3, attempted_at = now()
  where bucket = $1 and hash = $2 and ended_at is null and expires_at > now()
    and (attempt_id is null or attempted_at <= now() - $4::float8 * interval '1 second')
  returning 1`,
};

/** Only one poll at a time may call the Host; false if another one does, or has. */
export async function attemptDeferral(pool: Pool, { bucket, hash }: TokenKey, attemptId: string): Promise<boolean> {
  return (await run(pool, ATTEMPT, [bucket, hash, attemptId, ATTEMPT_SECONDS])).length === 1;
}

const SUCCEED: Query = {
  name: 'transfer_succeed_deferral',
  text: `update deferral set ended_at = now() where bucket = $1 and hash = $2 and attempt_id = $3 and ended_at is null
    returning 1`,
};

/** Ends it with a token: true once, for the poll that still holds the attempt. */
export async function succeedDeferral(pool: Pool, { bucket, hash }: TokenKey, attemptId: string): Promise<boolean> {
  return (await run(pool, SUCCEED, [bucket, hash, attemptId])).length === 1;
}

const END: Query = {
  name: 'transfer_end_deferral',
  text: `update deferral set ended_at = now()
  where bucket = $1 and hash = $2 and attempt_id is not distinct from coalesce($3, attempt_id) and ended_at is null`,
};

/**
 * Ends it with a refusal. An attempt's refusal ends it only while that poll still holds the attempt: another may be
 * about to get a token.
 */
export async function endDeferral(pool: Pool, { bucket, hash }: TokenKey, attemptId: string | null): Promise<void> {
  await run(pool, END, [bucket, hash, attemptId]);
}

const RELEASE: Query = {
  name: 'transfer_release_deferral',
  text: `update deferral set attempt_id = null, attempted_at = null
  where bucket = $1 and hash = $2 and attempt_id = $3 and ended_at is null`,
};

/** Without a result for now: the next poll may try again. */
export async function releaseDeferral(pool: Pool, { bucket, hash }: TokenKey, attemptId: string): Promise<void> {
  await run(pool, RELEASE, [bucket, hash, attemptId]);
}

const REAP: Query<{ n: number }> = {
  name: 'transfer_reap_deferrals',
  text: `with gone as (
    delete from deferral where (bucket, hash) in (select bucket, hash from deferral
      where expires_at < now() - interval '1 day' limit 1000) returning 1
  )
  select count(*)::int as n from gone`,
};

/** Deletes expired deferrals, a day late, so that a late poll gets `expired_token`; returns how many. */
export async function reapDeferrals(pool: Pool): Promise<number> {
  return (await runForRow(pool, REAP, [])).n;
}
