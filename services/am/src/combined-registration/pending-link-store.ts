import { type ServerMetadata, serverMetadataSchema } from '@chatelaine/protocol';
import { defineQuery, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

interface NewPendingLink {
  readonly connectionId: string;
  readonly hostId: string;
  /** Encrypted. */
  readonly hostGrant: Buffer;
}

const KEEP = defineQuery({
  name: 'both_keep_half',
  text: 'insert into host_half (connection_id, host_id, host_grant) values ($1, $2, $3)',
});

/**
 * Stores the link that the owner agreed to. It is deleted with its connection, and has no effect without the
 * authorization server's grant.
 */
export async function keepPendingLink({ pool }: Pick<Deps, 'pool'>, link: NewPendingLink): Promise<void> {
  await run(pool, KEEP, [link.connectionId, link.hostId, link.hostGrant]);
}

export interface PendingLink {
  /** Encrypted. */
  readonly hostGrant: Buffer;
  readonly hostId: string;
  readonly hostName: string;
  readonly metadata: ServerMetadata;
}

const READ = defineQuery<{ host_grant: Buffer; id: string; name: string; metadata: unknown }>({
  name: 'both_read_half',
  text: `
    select hh.host_grant, h.id, h.name, h.metadata
    from host_half hh join host h on h.id = hh.host_id join connection c on c.id = hh.connection_id
    where hh.connection_id = $1 and c.owner_id = $2`,
});

/** The link still to be made with this connection of this owner. */
export async function readPendingLink(
  { pool }: Pick<Deps, 'pool'>,
  { connectionId, ownerId }: { connectionId: string; ownerId: string },
): Promise<PendingLink | null> {
  const row = await runOne(pool, READ, [connectionId, ownerId]);
  return row === null
    ? null
    : {
        hostGrant: row.host_grant,
        hostId: row.id,
        hostName: row.name,
        metadata: serverMetadataSchema.parse(row.metadata),
      };
}

export interface NewLinking {
  readonly connectionId: string;
  readonly ownerId: string;
  /** SHA-256; the same for the same grant. */
  readonly stateHash: Buffer;
  /** Encrypted, like everything of an attempt. */
  readonly verifier: Buffer;
  readonly answer: Buffer;
  readonly lifetimeSeconds: number;
  readonly resumeAfterSeconds: number;
}

// written as an attempt whose browser has come back already and was used, so that no browser can use it again
const BEGIN = defineQuery<{ host_id: string }>({
  name: 'both_begin_linking',
  text: `
    with pending as (delete from host_half where connection_id = $1 returning host_id)
    insert into link_attempt (state_hash, owner_id, session_hash, host_id, connection_id, verifier, answer, expires_at,
      used_at, resume_at)
    select $2, $3, $2, host_id, $1, $4, $5, now() + make_interval(secs => $6), now(), now() + make_interval(secs => $7)
      from pending
    on conflict (state_hash) do nothing returning host_id`,
});

/**
 * Takes the pending link and begins to make it, in one query: from here on, the outcome of the grant is resolved even
 * if the process crashes. `false`: this very grant was sent before, or another process is using it.
 */
export async function beginLinking({ pool }: Pick<Deps, 'pool'>, input: NewLinking): Promise<boolean> {
  const { connectionId, stateHash, ownerId, verifier, answer, lifetimeSeconds, resumeAfterSeconds } = input;
  const values = [connectionId, stateHash, ownerId, verifier, answer, lifetimeSeconds, resumeAfterSeconds];
  return (await runOne(pool, BEGIN, values)) !== null;
}

const NOTE_NOT_LINKED = defineQuery({
  name: 'both_tell_not_linked',
  text: `select timeline_append($1, 'link_not_made', jsonb_build_object('host', $2::text, 'connection', $3::text))`,
});

/** Writes into the timeline that the connection was made without the link. */
export async function noteNotLinked(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, hostId, connectionId }: { ownerId: string; hostId: string; connectionId: string },
): Promise<void> {
  await run(pool, NOTE_NOT_LINKED, [ownerId, hostId, connectionId]);
}

// After five minutes the code that would have made this link has expired. If it was redeemed all the same, the process
// that did so died before it took the pending link, or could not decrypt it.
const REAP = defineQuery<{ n: number }>({
  name: 'both_reap_halves',
  text: `
    with gone as (
      delete from host_half where created_at < now() - interval '5 minutes' returning connection_id, host_id
    ), told as (
      select timeline_append(g.subject, 'link_not_made', jsonb_build_object('host', gone.host_id, 'connection', g.id))
      from gone join oauth_grant g on g.id = gone.connection_id
      where g.ended_at is null and exists (select from oauth_token t where t.bucket = g.bucket and t.grant_id = g.id)
    )
    select (select count(*) from gone)::int as n, (select count(*) from told)`,
});

/** Deletes pending links that will not be made any more; returns how many. */
export async function reapPendingLinks({ pool }: Pick<Deps, 'pool'>): Promise<number> {
  return (await runOne(pool, REAP))?.n ?? 0;
}
