import { type ServerMetadata, serverMetadataSchema } from '@chatelaine/protocol';
import { query, queryOne, statement } from '@chatelaine/service-kit';
import type { Deps } from '../deps.ts';

export interface NewAttempt {
  readonly stateHash: Buffer;
  readonly ownerId: string;
  readonly sessionHash: Buffer;
  readonly hostId: string;
  /** Sealed. */
  readonly verifier: Buffer;
  readonly lifetimeSeconds: number;
}

const SAVE = statement({
  name: 'hosts_save_attempt',
  text: `
    insert into link_attempt (state_hash, owner_id, session_hash, host_id, verifier, expires_at)
    values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))`,
});

export async function saveAttempt({ pool }: Pick<Deps, 'pool'>, attempt: NewAttempt): Promise<void> {
  const { stateHash, ownerId, sessionHash, hostId, verifier, lifetimeSeconds } = attempt;
  await query(pool, SAVE, [stateHash, ownerId, sessionHash, hostId, verifier, lifetimeSeconds]);
}

export interface TakenAttempt {
  /** Sealed. */
  readonly verifier: Buffer;
  readonly hostName: string;
  readonly metadata: ServerMetadata;
}

const TAKE = statement<{ verifier: Buffer; name: string; metadata: unknown }>({
  name: 'hosts_take_attempt',
  text: `
    update link_attempt a set used_at = now() from host h
    where a.state_hash = $1 and a.owner_id = $2 and a.session_hash = $3 and a.host_id = $4 and a.used_at is null and a.expires_at > now()
      and h.id = a.host_id
    returning a.verifier, h.name, h.metadata`,
});

/** Takes an attempt, once, for the session and at the Host it was started with; null for every other. PROTOCOL §2.2. */
export async function takeAttempt(
  { pool }: Pick<Deps, 'pool'>,
  input: Pick<NewAttempt, 'stateHash' | 'ownerId' | 'sessionHash' | 'hostId'>,
): Promise<TakenAttempt | null> {
  const row = await queryOne(pool, TAKE, [input.stateHash, input.ownerId, input.sessionHash, input.hostId]);
  return row === null
    ? null
    : { verifier: row.verifier, hostName: row.name, metadata: serverMetadataSchema.parse(row.metadata) };
}

const REAP = statement<{ n: number }>({
  name: 'hosts_reap_attempts',
  text: 'with gone as (delete from link_attempt where expires_at < now() returning 1) select count(*)::int as n from gone',
});

/** Deletes what can no longer be finished; returns how many. */
export async function reapAttempts({ pool }: Pick<Deps, 'pool'>): Promise<number> {
  return (await queryOne(pool, REAP))?.n ?? 0;
}
