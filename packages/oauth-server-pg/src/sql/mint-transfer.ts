import type { OAuthStorage } from '@chatelaine/oauth-server';
import { GRANT_ALIVE, GRANT_COLUMNS, type GrantRow, type MaybeGrantRow, toGrant } from './grant-row.ts';
import { BURN_GUARDS, BURNED, type BurnedRow, findReplayed, guardValues } from './replay-guards.ts';
import { type Db, type Query, runForRow } from '@chatelaine/postgres';

/**
 * The transfer grant's row is the lock: `on conflict` waits for whoever holds it and looks at what they left, even at a tombstone that did not
 * exist when this statement began. A transfer grant belongs to one link and one Requester (PROTOCOL §3.3): under another one nothing is minted.
 * The link's grant is not locked, or the Requesters of one link would queue; a mint that overlaps its end is dead through find-token.ts.
 */
const MINT_TRANSFER: Query<Row> = {
  name: 'oauth_mint_transfer',
  text: `with ${BURN_GUARDS}, link as materialized (
    select g.*, coalesce(g.transfer_scope @> $9::text[], false) as covered
    from oauth_token t join oauth_grant g on g.bucket = t.bucket and g.id = t.grant_id, fresh
    where t.bucket = $3 and t.hash = $4 and t.kind = 'lt' and t.expires_at > now() and g.client_id = $5 and ${GRANT_ALIVE}
  ), transfer_grant as (
    insert into oauth_transfer_grant as tg
      (client_id, id, bucket, grant_id, act_iss, act_sub, actor_name, actor_uri, last_minted_at)
    select client_id, $6, bucket, id, $12, $13, $14, $15, now() from link where covered
    on conflict (client_id, id) do update set
      actor_name = excluded.actor_name, actor_uri = excluded.actor_uri, last_minted_at = excluded.last_minted_at
    where tg.ended_at is null and tg.bucket = excluded.bucket and tg.grant_id = excluded.grant_id
      and tg.act_iss = excluded.act_iss and tg.act_sub = excluded.act_sub
    returning tg.id
  ), minted as (
    insert into oauth_token (bucket, hash, kind, grant_id, jkt, scope, audience, act_iss, act_sub, transfer_grant_id, expires_at)
    select link.bucket, $7, 'at', link.id, $11, $9, $10, $12, $13, transfer_grant.id,
      least(now() + $8::float8 * interval '1 second', link.expires_at)
    from link, transfer_grant
    returning expires_at
  )
  select ${BURNED}, ${GRANT_COLUMNS}, g.covered, (select extract(epoch from expires_at)::float8 from minted) as expires_at
  from (values (1)) as always left join link g on true`,
};

type Linked = GrantRow & { covered: boolean; expires_at: number | null };
type Row = BurnedRow & (Linked | (MaybeGrantRow & { covered: null; expires_at: null }));
type Input = Parameters<OAuthStorage['mintTransfer']>[0];

export async function mintTransfer(db: Db, input: Input): ReturnType<OAuthStorage['mintTransfer']> {
  const { guards, token } = input;
  const row = await runForRow(db, MINT_TRANSFER, [
    ...guardValues(guards),
    input.linkToken.bucket,
    input.linkToken.hash,
    input.clientId,
    input.transferGrantId,
    token.hash,
    token.lifetimeSeconds,
    token.scope,
    token.audience,
    token.jkt,
    token.act.iss,
    token.act.sub,
    token.actorName,
    token.actorUri,
  ]);
  const replayed = findReplayed(guards, row);
  if (replayed !== null) return replayed;
  if (!isLinked(row)) return { kind: 'unknown' };
  if (!row.covered) return { kind: 'over_ceiling' };
  return row.expires_at === null
    ? { kind: 'ended' }
    : { kind: 'minted', grant: toGrant(row), expiresAt: row.expires_at };
}

const isLinked = (row: Row): row is BurnedRow & Linked => row.covered !== null;
