import { type ServerMetadata, serverMetadataSchema } from '@chatelaine/protocol';
import { defineQuery, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

interface NewHalf {
  readonly connectionId: string;
  readonly hostId: string;
  /** Sealed. */
  readonly hostGrant: Buffer;
}

const KEEP = defineQuery({
  name: 'both_keep_half',
  text: 'insert into host_half (connection_id, host_id, host_grant) values ($1, $2, $3)',
});

/** Keeps what the owner agreed to. It goes with its connection, and counts for nothing without the kernel's grant. */
export async function keepHalf({ pool }: Pick<Deps, 'pool'>, half: NewHalf): Promise<void> {
  await run(pool, KEEP, [half.connectionId, half.hostId, half.hostGrant]);
}

export interface KeptHalf {
  /** Sealed. */
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

/** What came along with a connection of this owner, and was not used yet. */
export async function readHalf(
  { pool }: Pick<Deps, 'pool'>,
  { connectionId, ownerId }: { connectionId: string; ownerId: string },
): Promise<KeptHalf | null> {
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
  /** Sealed, as all of an attempt. */
  readonly verifier: Buffer;
  readonly answer: Buffer;
  readonly lifetimeSeconds: number;
  readonly resumeAfterSeconds: number;
}

// as an attempt whose browser has just come back; nobody can bring it back a second time, because it is used
const BEGIN = defineQuery<{ host_id: string }>({
  name: 'both_begin_linking',
  text: `
    with half as (delete from host_half where connection_id = $1 returning host_id)
    insert into link_attempt (state_hash, owner_id, session_hash, host_id, connection_id, verifier, answer, expires_at,
      used_at, resume_at)
    select $2, $3, $2, host_id, $1, $4, $5, now() + make_interval(secs => $6), now(), now() + make_interval(secs => $7)
      from half
    on conflict (state_hash) do nothing returning host_id`,
});

/**
 * Takes the half and begins to make a link of it, in one statement: from here on it is settled what becomes of the
 * grant, whatever crashes. `false`: this very grant was brought before, or is being used by another process.
 */
export async function beginLinking({ pool }: Pick<Deps, 'pool'>, input: NewLinking): Promise<boolean> {
  const { connectionId, stateHash, ownerId, verifier, answer, lifetimeSeconds, resumeAfterSeconds } = input;
  const values = [connectionId, stateHash, ownerId, verifier, answer, lifetimeSeconds, resumeAfterSeconds];
  return (await runOne(pool, BEGIN, values)) !== null;
}

const TELL = defineQuery({
  name: 'both_tell_not_linked',
  text: `select timeline_append($1, 'link_not_made', jsonb_build_object('host', $2::text, 'connection', $3::text))`,
});

/** The owner reads that the connection stands without the link. */
export async function tellNotLinked(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, hostId, connectionId }: { ownerId: string; hostId: string; connectionId: string },
): Promise<void> {
  await run(pool, TELL, [ownerId, hostId, connectionId]);
}

// longer than a code lives, whose redemption would use it; if there was one all the same, whoever redeemed it died over
// the half, or could not read it
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

/** Deletes what nobody came for, or could take up; returns how many. */
export async function reapHalves({ pool }: Pick<Deps, 'pool'>): Promise<number> {
  return (await runOne(pool, REAP))?.n ?? 0;
}
