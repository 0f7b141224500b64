import type { OAuthStorage } from '@chatelaine/oauth-server';
import { GRANT_ALIVE, GRANT_COLUMNS, type GrantRow, type MaybeGrantRow, toGrant } from './grant-row.ts';
import { BURN_GUARDS, BURNED, type BurnedRow, findReplayed, guardValues } from './replay-guards.ts';
import { type Db, type Query, runForRow } from '@chatelaine/postgres';

/**
 * `for update` makes redemptions of one code queue, and shows each of them the row as the one before has left it. The
 * first finds the code unused; every other finds it used, and ends the grant (RFC 6749 §4.1.2). The first's tokens may
 * be committed a moment later, and are dead all the same, because find-token.ts looks at the grant.
 */
const REDEEM_CODE: Query<Row> = {
  name: 'oauth_redeem_code',
  text: `with ${BURN_GUARDS}, code as materialized (
    select c.bucket, c.hash, c.grant_id, c.used_at is not null as used,
      c.used_at is null and c.spoiled_at is null and c.expires_at > now() and (c.jkt is null or c.jkt = $6) as good
    from oauth_code c, fresh
    where c.bucket = $3 and c.hash = $4 and c.client_id = $5
    for update of c
  ), g as materialized (
    select g.* from code join oauth_grant g on g.bucket = code.bucket and g.id = code.grant_id
    where code.good and ${GRANT_ALIVE}
  ), marked as (
    update oauth_code c set used_at = now() from code, g where c.bucket = code.bucket and c.hash = code.hash
  ), reused as (
    update oauth_grant g set ended_at = now(), ended_by = 'server'
    from code where code.used and g.bucket = code.bucket and g.id = code.grant_id and g.ended_at is null
  ), bound as (
    update oauth_grant o set jkt = coalesce(o.jkt, $6), authenticated = o.authenticated or $10 from g
    where o.bucket = g.bucket and o.id = g.id and (g.jkt is null and $6::text is not null or $10
      and not g.authenticated)
  ), token as materialized (
    select new.hash, new.kind, least(now() + new.seconds * interval '1 second', g.expires_at) as expires_at, new.place
    from g, unnest($7::bytea[], $8::text[], $9::float8[]) with ordinality as new (hash, kind, seconds, place)
  ), inserted as (
    insert into oauth_token (bucket, hash, kind, grant_id, jkt, expires_at, generation)
    select g.bucket, token.hash, token.kind, g.id, coalesce(g.jkt, $6), token.expires_at,
      case when token.kind = 'rt' and g.answered_by is not null then 1 end
    from g, token
  )
  select ${BURNED}, code.used, code.grant_id as code_grant_id, ${GRANT_COLUMNS}, coalesce(g.jkt, $6) as jkt,
    g.authenticated or $10 as authenticated,
    array(select extract(epoch from expires_at)::float8 from token order by place) as expires_at
  from (values (1)) as always left join code on true left join g on true`,
};

type Row = BurnedRow & MaybeGrantRow & { used: boolean | null; code_grant_id: string | null; expires_at: number[] };
type Input = Parameters<OAuthStorage['redeemCode']>[0];

export async function redeemCode(db: Db, input: Input): ReturnType<OAuthStorage['redeemCode']> {
  const { guards, tokens } = input;
  const row = await runForRow(db, REDEEM_CODE, [
    ...guardValues(guards),
    input.code.bucket,
    input.code.hash,
    input.clientId,
    input.jkt,
    tokens.map(({ hash }) => hash),
    tokens.map(({ kind }) => kind),
    tokens.map(({ lifetimeSeconds }) => lifetimeSeconds),
    input.isAuthenticated,
  ]);
  const replayed = findReplayed(guards, row);
  if (replayed !== null) return replayed;
  if (hasGrant(row)) return { kind: 'redeemed', grant: toGrant(row), expiresAt: row.expires_at };
  if (row.used === true && row.code_grant_id !== null) return { kind: 'reused', grantId: row.code_grant_id };
  return { kind: 'unknown' };
}

const hasGrant = (row: Row): row is Row & GrantRow => row.grant_id !== null;
