import { type ServerMetadata, serverMetadataSchema } from '@chatelaine/protocol';
import { defineQuery, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

/** A link as stored, and the Host it is at. */
export interface StoredLink {
  readonly state: 'active' | 'broken' | 'ended';
  readonly metadata: ServerMetadata;
  /** Encrypted. */
  readonly accessToken: Buffer | null;
  /** Encrypted. */
  readonly refreshToken: Buffer | null;
  /** Seconds until the access token expires, by the database's clock; negative when it has. */
  readonly secondsLeft: number;
}

interface LinkRow {
  state: StoredLink['state'];
  access_token: Buffer | null;
  refresh_token: Buffer | null;
  seconds_left: number | null;
  metadata: unknown;
}

const READ_LINK = defineQuery<LinkRow>({
  name: 'hosts_read_link',
  text: `
    select l.state, l.access_token, l.refresh_token, extract(epoch from l.access_expires_at - now())::float8
      as seconds_left, h.metadata
    from link l join host h on h.id = l.host_id
    where l.id = $1 and l.owner_id = $2`,
});

export interface LinkKey {
  readonly linkId: string;
  readonly ownerId: string;
}

/** A link of this owner, or null. */
export async function readLink({ pool }: Pick<Deps, 'pool'>, { linkId, ownerId }: LinkKey): Promise<StoredLink | null> {
  const row = await runOne(pool, READ_LINK, [linkId, ownerId]);
  if (row === null) return null;
  return {
    state: row.state,
    metadata: serverMetadataSchema.parse(row.metadata),
    accessToken: row.access_token,
    refreshToken: row.refresh_token,
    secondsLeft: row.seconds_left ?? -1,
  };
}

interface RefreshedTokens extends LinkKey {
  /** The encrypted refresh token that was used: stored only while the link still has it. */
  readonly used: Buffer;
  /** Encrypted. */
  readonly accessToken: Buffer;
  readonly expiresIn: number;
  /** Encrypted; null: the one that was used stays valid. */
  readonly refreshToken: Buffer | null;
  /** The ceiling as the Host has just given it. */
  readonly ceiling: readonly string[];
}

// the owner's row before the link's, like everything that ends something
const STORE_TOKENS = defineQuery<{ id: string }>({
  name: 'links_store_renewal',
  text: `
    with owned as materialized (
      select id from owner where id = $2 for no key update
    ), before as materialized (
      select l.id, l.owner_id, l.transfer_scope from link l join owned on owned.id = l.owner_id
      where l.id = $1 and l.state = 'active' and l.refresh_token = $3
      for update of l
    ), bumped as (
      update owner o set policy_version = o.policy_version + 1 from before b
      where o.id = b.owner_id and not (b.transfer_scope @> $7::text[] and b.transfer_scope <@ $7::text[])
    )
    update link l set access_token = $4, access_expires_at = now() + make_interval(secs => $5),
      refresh_token = coalesce($6, l.refresh_token), transfer_scope = $7::text[]
    from before b where l.id = b.id
    returning l.id`,
});

/**
 * Stores the result of a refresh; a changed ceiling increments the policy version. False if the link ended or another
 * process refreshed it.
 */
export async function storeTokens({ pool }: Pick<Deps, 'pool'>, tokens: RefreshedTokens): Promise<boolean> {
  const { linkId, ownerId, used, accessToken, expiresIn, refreshToken, ceiling } = tokens;
  const values = [linkId, ownerId, used, accessToken, expiresIn, refreshToken, ceiling];
  return (await runOne(pool, STORE_TOKENS, values)) !== null;
}

const BREAK_LINK = defineQuery<{ broken: boolean }>({
  name: 'links_break',
  text: `
    with owned as materialized (
      select id from owner where id = (select owner_id from link where id = $1) for no key update
    ), mine as materialized (
      select l.id from link l join owned on owned.id = l.owner_id where l.id = $1 and l.renewal_id = $3 for update of l
    )
    select break_link(id, $2) as broken from mine`,
});

/**
 * The Host refused the refresh token: the link has ended there. False if the link has another token by now, has ended,
 * or another process is refreshing it.
 */
export async function breakLink(
  { pool }: Pick<Deps, 'pool'>,
  { linkId, refused, claimId }: { linkId: string; refused: Buffer; claimId: string },
): Promise<boolean> {
  return (await runOne(pool, BREAK_LINK, [linkId, refused, claimId]))?.broken === true;
}
