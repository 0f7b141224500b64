import type { OAuthStorage } from '@chatelaine/oauth-server';
import { GRANT_ALIVE, GRANT_COLUMNS, type GrantRow, type MaybeGrantRow, toGrant } from './grant-row.ts';
import { BURN_GUARDS, BURNED, type BurnedRow, findReplayed, guardValues } from './replay-guards.ts';
import { type Db, type Query, runForRow } from '@chatelaine/postgres';

const REFRESH: Query<Row> = {
  name: 'oauth_refresh',
  text: `with ${BURN_GUARDS}, moved as (
    update oauth_token t set expires_at = least(now() + $6::float8 * interval '1 second', g.expires_at)
    from oauth_grant g, fresh
    where t.bucket = $3 and t.hash = $4 and t.kind = 'rt' and t.expires_at > now()
      and g.bucket = t.bucket and g.id = t.grant_id and g.client_id = $5 and g.answered_by is null and ${GRANT_ALIVE}
    returning g.*
  ), inserted as (
    insert into oauth_token (bucket, hash, kind, grant_id, jkt, expires_at)
    select bucket, $7, $8, id, jkt, least(now() + $9::float8 * interval '1 second', expires_at) from moved
    returning expires_at
  )
  select ${BURNED}, ${GRANT_COLUMNS}, (select extract(epoch from expires_at)::float8 from inserted) as expires_at
  from (values (1)) as always left join moved g on true`,
};

type Refreshed = GrantRow & { expires_at: number };
type Row = BurnedRow & (Refreshed | (MaybeGrantRow & { expires_at: null }));
type Input = Parameters<OAuthStorage['refresh']>[0];

export async function refresh(db: Db, input: Input): ReturnType<OAuthStorage['refresh']> {
  const { guards, accessToken } = input;
  const row = await runForRow(db, REFRESH, [
    ...guardValues(guards),
    input.refreshToken.bucket,
    input.refreshToken.hash,
    input.clientId,
    input.idleSeconds,
    accessToken.hash,
    accessToken.kind,
    accessToken.lifetimeSeconds,
  ]);
  const replayed = findReplayed(guards, row);
  if (replayed !== null) return replayed;
  return isRefreshed(row) ? { kind: 'refreshed', grant: toGrant(row), expiresAt: row.expires_at } : { kind: 'unknown' };
}

const isRefreshed = (row: Row): row is BurnedRow & Refreshed => row.expires_at !== null;
