import type { OAuthStorage } from '@chatelaine/oauth-server';
import { LIFETIME } from '@chatelaine/protocol';
import { GRANT_ALIVE, GRANT_COLUMNS, type GrantRow, type MaybeGrantRow, toGrant } from './grant-row.ts';
import { BURN_GUARDS, BURNED, type BurnedRow, findReplayed, guardValues } from './replay-guards.ts';
import { type Db, type Query, runForRow } from '@chatelaine/postgres';

/**
 * Grant and refresh token are locked, so whoever waited sees what was committed before. Of the requests that present
 * one token at the same time, the first replaces it by its successor. The others are told with which key that was
 * derived, and which tokens have descended from it since.
 */
const USE_REFRESH_TOKEN: Query<Row> = {
  name: 'oauth_renew',
  text: `with ${BURN_GUARDS}, shown as materialized (
    select g.*, t.hash, t.generation, t.successor_key,
      t.answers_until is null or t.answers_until > to_timestamp($11::float8) as answers, g.jkt is null
        or g.jkt = $6 as has_key
    from oauth_token t join oauth_grant g on g.bucket = t.bucket and g.id = t.grant_id, fresh
    where t.bucket = $3 and t.hash = $4 and t.kind = 'rt' and t.expires_at > now()
      and g.client_id = $5 and g.answered_by is not null and ${GRANT_ALIVE}
    for no key update of g, t
  ), good as materialized (
    select *, successor_key is null and $8::bytea is not null as moves from shown where answers and has_key
  ), bound as (
    update oauth_grant o set jkt = $6 from good where o.bucket = good.bucket and o.id = good.id and good.jkt is null
      and $6::text is not null
  ), kept as (
    update oauth_token t set
      replaced_at = case when good.moves then coalesce(t.replaced_at, now()) else t.replaced_at end,
      answers_until = case when good.moves then coalesce(t.answers_until, now() + $10::float8 * interval '1 second')
        else t.answers_until end,
      successor_key = case when good.moves then $9::int else t.successor_key end,
      expires_at = case when good.moves then least(t.expires_at,
        now() + interval '${LIFETIME.replacedRefreshToken} seconds')
        else least(now() + $7::float8 * interval '1 second', good.expires_at) end
    from good where t.bucket = good.bucket and t.hash = good.hash and good.successor_key is null
  ), succeeded as (
    insert into oauth_token (bucket, hash, kind, grant_id, jkt, expires_at, generation)
    select bucket, $8, 'rt', id, coalesce(jkt, $6), least(now() + $7::float8 * interval '1 second', expires_at),
      generation + 1
    from good where moves
  ), ended as (
    update oauth_grant o set ended_at = now(), ended_by = 'server'
    from shown where not shown.answers and o.bucket = shown.bucket and o.id = shown.id
    returning o.id
  )
  select ${BURNED}, (select id from ended) as ended_id, g.successor_key,
    case when g.successor_key is not null then array(
      select json_build_object('hash', encode(n.hash, 'hex'), 'key', n.successor_key) from oauth_token n
      where n.bucket = g.bucket and n.grant_id = g.id and n.kind = 'rt' and n.generation > g.generation
        and n.successor_key is not null
    ) end as descendants,
    ${GRANT_COLUMNS}, coalesce(g.jkt, $6) as jkt
  from (values (1)) as always left join good g on true`,
};

/** For queries that look up a refresh token: whether it was replaced and is not accepted any more. */
export const IS_REPLACED = `coalesce(t.answers_until <= now(), false)`;

type Row = BurnedRow & {
  ended_id: string | null;
  successor_key: number | null;
  descendants: DescendantRow[] | null;
} & MaybeGrantRow;
type DescendantRow = { hash: string; key: number };
type Input = Parameters<OAuthStorage['useRefreshToken']>[0];

export async function useRefreshToken(db: Db, input: Input): ReturnType<OAuthStorage['useRefreshToken']> {
  const { guards, refreshToken, successor } = input;
  const row = await runForRow(db, USE_REFRESH_TOKEN, [
    ...guardValues(guards),
    refreshToken.bucket,
    refreshToken.hash,
    input.clientId,
    input.jkt,
    input.idleSeconds,
    successor?.hash ?? null,
    successor?.keyId ?? null,
    successor?.graceSeconds ?? null,
    input.shownAt,
  ]);
  const replayed = findReplayed(guards, row);
  if (replayed !== null) return replayed;
  if (row.ended_id !== null) return { kind: 'replaced', grantId: row.ended_id };
  if (!hasGrant(row)) return { kind: 'unknown' };
  const grant = toGrant(row);
  if (row.successor_key === null) return { kind: 'used', grant };
  const descendants = (row.descendants ?? []).map(({ hash, key }) => ({ hash: Buffer.from(hash, 'hex'), keyId: key }));
  return { kind: 'again', grant, keyId: row.successor_key, descendants };
}

const hasGrant = (row: Row): row is Row & GrantRow => row.grant_id !== null;
