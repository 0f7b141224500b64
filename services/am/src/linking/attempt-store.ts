import { type ServerMetadata, serverMetadataSchema } from '@chatelaine/protocol';
import { defineQuery, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

export interface NewAttempt {
  readonly stateHash: Buffer;
  readonly ownerId: string;
  readonly sessionHash: Buffer;
  readonly hostId: string;
  /** Encrypted. */
  readonly verifier: Buffer;
  readonly lifetimeSeconds: number;
  /** The link that the new one is to replace; null: it is an additional one. */
  readonly replaces: string | null;
  /** Where the owner continues once it is linked; null: at their list of Hosts. */
  readonly returnTo: string | null;
}

const SAVE = defineQuery({
  name: 'hosts_save_attempt',
  text: `
    insert into link_attempt (state_hash, owner_id, session_hash, host_id, verifier, expires_at, replaces, return_to)
    values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6), $7, $8)`,
});

export async function saveAttempt({ pool }: Pick<Deps, 'pool'>, attempt: NewAttempt): Promise<void> {
  const { stateHash, ownerId, sessionHash, hostId, verifier, lifetimeSeconds, replaces, returnTo } = attempt;
  const values = [stateHash, ownerId, sessionHash, hostId, verifier, lifetimeSeconds, replaces, returnTo];
  await run(pool, SAVE, values);
}

export interface TakenAttempt {
  /** Encrypted. */
  readonly verifier: Buffer;
  readonly hostName: string;
  readonly metadata: ServerMetadata;
}

const TAKE = defineQuery<{ verifier: Buffer; name: string; metadata: unknown; return_to: string | null }>({
  name: 'hosts_take_attempt',
  text: `
    update link_attempt a set used_at = now(), answer = $5, resume_at = now() + make_interval(secs => $6) from host h
    where a.state_hash = $1 and a.owner_id = $2 and a.session_hash = $3 and a.host_id = $4 and a.used_at is null
      and a.expires_at > now()
      and h.id = a.host_id
    returning a.verifier, a.return_to, h.name, h.metadata`,
});

/**
 * Takes an attempt, once, for the session and Host it was started with; null for any other. The Host's answer is stored
 * with it until {@link settleAttempt}, or the link itself, records the outcome. PROTOCOL §2.2.
 */
export async function takeAttempt(
  { pool }: Pick<Deps, 'pool'>,
  input: Pick<NewAttempt, 'stateHash' | 'ownerId' | 'sessionHash' | 'hostId'> & {
    /** Encrypted. */
    readonly answer: Buffer;
    readonly resumeAfterSeconds: number;
  },
): Promise<(TakenAttempt & Pick<NewAttempt, 'returnTo'>) | null> {
  const { stateHash, ownerId, sessionHash, hostId, answer, resumeAfterSeconds } = input;
  const row = await runOne(pool, TAKE, [stateHash, ownerId, sessionHash, hostId, answer, resumeAfterSeconds]);
  if (row === null) return null;
  const { verifier, name: hostName, return_to: returnTo } = row;
  return { verifier, hostName, metadata: serverMetadataSchema.parse(row.metadata), returnTo };
}

/** SQL: connections `c` that have not ended. */
export const STANDING = '(select id from connection where ended_at is null) c';

// the timeline tells the owner about a Host that was linked together with a connection, because no page of ours was
// open
const SETTLE = defineQuery({
  name: 'hosts_settle_attempt',
  text: `
    with settled as (
      update link_attempt set answer = null, resume_at = null where state_hash = $1 and answer is not null
      returning owner_id, host_id, connection_id
    )
    select timeline_append(settled.owner_id, 'link_not_made', jsonb_build_object('host', host_id, 'connection',
      connection_id))
    from settled join ${STANDING} on c.id = settled.connection_id`,
});

/** Records that the code certainly made no link, and that the Host has no tokens that are unknown here. */
export async function settleAttempt({ pool }: Pick<Deps, 'pool'>, stateHash: Buffer): Promise<void> {
  await run(pool, SETTLE, [stateHash]);
}

const IS_OPEN = defineQuery<{ state_hash: Buffer }>({
  name: 'hosts_is_attempt_open',
  // the lock waits for a transaction whose outcome we did not learn
  text: 'select state_hash from link_attempt where state_hash = $1 and resume_at is not null for update',
});

/** Whether an attempt has no outcome yet. */
export async function isOpen({ pool }: Pick<Deps, 'pool'>, stateHash: Buffer): Promise<boolean> {
  return (await runOne(pool, IS_OPEN, [stateHash])) !== null;
}

const GIVE_UP = defineQuery({
  name: 'hosts_give_up_attempt',
  text: 'update link_attempt set given_up_at = now() where state_hash = $1 and resume_at is not null',
});

/** Records that the owner was told that nothing was linked, although it is unknown what the Host did. */
export async function giveUpAttempt({ pool }: Pick<Deps, 'pool'>, stateHash: Buffer): Promise<void> {
  await run(pool, GIVE_UP, [stateHash]);
}

// a Host recognizes a used code for a day, and revokes what it issued if the code comes again; after that there is
// nothing to ask, and the owner is told that nothing was linked
const REAP = defineQuery<{ n: number }>({
  name: 'hosts_reap_attempts',
  text: `
    with gone as (
      delete from link_attempt where expires_at < now() and (resume_at is null or expires_at < now() - interval '1 day')
      returning owner_id, host_id, connection_id, resume_at
    ), told as (
      select timeline_append(gone.owner_id, 'link_not_made', jsonb_build_object('host', host_id, 'connection',
        connection_id))
      from gone join ${STANDING} on c.id = gone.connection_id where gone.resume_at is not null
    )
    select (select count(*) from gone)::int as n, (select count(*) from told)`,
});

/** Deletes attempts that can no longer be finished; returns how many. */
export async function reapAttempts({ pool }: Pick<Deps, 'pool'>): Promise<number> {
  return (await runOne(pool, REAP))?.n ?? 0;
}
