import type { OAuthStorage } from '@chatelaine/oauth-server';
import { LIFETIME } from '@chatelaine/protocol';
import { GRANT_ALIVE, GRANT_COLUMNS, type GrantRow, type MaybeGrantRow, toGrant } from './grant-row.ts';
import { BURN_GUARDS, BURNED, type BurnedRow, findReplayed, guardValues } from './replay-guards.ts';
import { type Db, runForRow, type Statement } from './statement.ts';

const WITHIN_GRACE = `> now() - interval '${LIFETIME.rotationGrace} seconds'`;

/**
 * Whether the refresh token `t` may still be used, by what its grant `g` says: it is the next generation, used now for the first time; the one used
 * last, which nothing was put in the place of, or only just; or the one used before that, if it was replaced only just. Of several successors, the
 * first that is used is the one. Never null, as comparing with what a grant does not have yet would be: neither used nor ended by it.
 */
const IS_CURRENT = `coalesce(t.generation = coalesce(g.refresh_generation, 0) + 1
      or (t.hash = g.refresh_hash and (g.refresh_replaced_at is null or g.refresh_replaced_at ${WITHIN_GRACE}))
      or (t.hash = g.refresh_before_hash and g.refresh_before_replaced_at ${WITHIN_GRACE}), false)`;

/**
 * The grant's row is the lock, and all that changes: whoever waited for it sees what the one before him left. Refresh tokens themselves never
 * change but for the time they are kept.
 */
const RENEW: Statement = {
  name: 'oauth_renew',
  text: `with ${BURN_GUARDS}, g as materialized (
    select g.* from oauth_grant g, oauth_token t, fresh
    where t.bucket = $3 and t.hash = $4 and t.kind = 'rt' and t.expires_at > now()
      and g.bucket = t.bucket and g.id = t.grant_id and g.client_id = $5 and g.answered_by is not null and ${GRANT_ALIVE}
    for no key update of g
  ), t as materialized (
    select t.bucket, t.hash, t.generation, ${IS_CURRENT} as is_current, (g.jkt is null or g.jkt = $6) as has_key
    from g join oauth_token t on t.bucket = $3 and t.hash = $4
  ), good as materialized (
    select g.*, t.generation, t.generation > coalesce(g.refresh_generation, 0) as is_next,
      case when $8::bytea is not null then now() end as replaced_now
    from g, t where t.is_current and t.has_key
  ), moved as (
    update oauth_grant o set
      jkt = coalesce(o.jkt, $6),
      refresh_generation = greatest(o.refresh_generation, good.generation),
      refresh_hash = case when good.is_next then $4 else o.refresh_hash end,
      refresh_replaced_at = coalesce(case when not good.is_next then o.refresh_replaced_at end, good.replaced_now),
      refresh_before_hash = case when good.is_next then o.refresh_hash else o.refresh_before_hash end,
      refresh_before_replaced_at = case when good.is_next then o.refresh_replaced_at else o.refresh_before_replaced_at end
    from good where o.bucket = good.bucket and o.id = good.id
  ), kept as (
    update oauth_token t set expires_at = case
      when $8::bytea is null then least(now() + $7::float8 * interval '1 second', good.expires_at)
      else least(t.expires_at, now() + interval '${LIFETIME.replacedRefreshToken} seconds') end
    from good where t.bucket = $3 and t.hash = $4
  ), outdone as (
    -- successors that came of the same token and were not used: clients that refresh several times at once would leave them by the thousand
    update oauth_token t set expires_at = now() + interval '${LIFETIME.replacedRefreshToken} seconds'
    from good where t.bucket = good.bucket and t.grant_id = good.id and t.generation <= good.generation and t.hash <> $4
      and t.expires_at > now() + interval '${LIFETIME.replacedRefreshToken} seconds'
  ), succeeded as (
    insert into oauth_token (bucket, hash, kind, grant_id, jkt, expires_at, generation)
    select bucket, $8, 'rt', id, coalesce(jkt, $6), least(now() + $7::float8 * interval '1 second', expires_at),
      greatest(generation, refresh_generation) + 1
    from good where $8::bytea is not null
  ), ended as (
    update oauth_grant o set ended_at = now(), ended_by = 'server'
    from g, t where not t.is_current and o.bucket = g.bucket and o.id = g.id
    returning o.id
  )
  select ${BURNED}, (select id from ended) as ended_id, ${GRANT_COLUMNS}, coalesce(g.jkt, $6) as jkt
  from (values (1)) as always left join good g on true`,
};

/** Part of the look at a refresh token: whether it was replaced. */
export const IS_REPLACED = `t.generation is not null and not ${IS_CURRENT}`;

type Row = BurnedRow & { ended_id: string | null } & MaybeGrantRow;
type Input = Parameters<OAuthStorage['renew']>[0];

export async function renew(db: Db, input: Input): ReturnType<OAuthStorage['renew']> {
  const { guards, refreshToken } = input;
  const row = await runForRow<Row>(db, RENEW, [
    ...guardValues(guards),
    refreshToken.bucket,
    refreshToken.hash,
    input.clientId,
    input.jkt,
    input.idleSeconds,
    input.successorHash,
  ]);
  const replayed = findReplayed(guards, row);
  if (replayed !== null) return replayed;
  if (row.ended_id !== null) return { kind: 'replaced', grantId: row.ended_id };
  return hasGrant(row) ? { kind: 'renewed', grant: toGrant(row) } : { kind: 'unknown' };
}

const hasGrant = (row: Row): row is Row & GrantRow => row.grant_id !== null;
