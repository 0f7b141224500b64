import type { OAuthStorage } from '@chatelaine/oauth-server';
import { BURNED_ONLY, batchedStep } from './batched-step.ts';
import { GRANT_ALIVE, GRANT_COLUMNS, type GrantRow, type MaybeGrantRow, toGrant } from './grant-row.ts';
import {
  BURN_GUARDS,
  BURN_GUARDS_OF_EACH,
  BURNED,
  BURNED_OF_EACH,
  type BurnedOfEachRow,
  type BurnedRow,
  findReplayed,
  guardColumns,
  guardName,
  guardValues,
  outcomesOfEach,
} from './replay-guards.ts';
import { columnsOf, type Db, type Query, rowsOf, run, runForRow } from '@chatelaine/postgres';

const REFRESH: Query<BurnedRow & MaybeRefreshed> = {
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

/** The types of {@link columns}. */
const COLUMN_TYPES = ['int', 'bytea', 'text', 'float8', 'bytea', 'text', 'float8'];

/**
 * The usual case, for many at once. It does not wait for rows that are locked. What is not refreshed here goes through
 * {@link REFRESH} by itself, its guards already burned.
 */
const REFRESH_MANY: Query<BurnedOfEachRow & MaybeRefreshed> = {
  name: 'oauth_refresh_many',
  text: `with input as materialized (
    select n::int, bucket, hash, client_id, idle_seconds, new_hash, new_kind, seconds
    from ${rowsOf(COLUMN_TYPES, 4)} as i (bucket, hash, client_id, idle_seconds, new_hash, new_kind, seconds, n)
  ), ${BURN_GUARDS_OF_EACH}, held as materialized (
    select input.n, t.bucket, t.hash, t.grant_id from fresh join input on input.n = fresh.n
      join oauth_token t on t.bucket = input.bucket and t.hash = input.hash
    where t.kind = 'rt' and t.expires_at > now()
    order by t.bucket, t.hash for no key update of t skip locked
  ), good as materialized (
    select held.n, g.* from held join input on input.n = held.n
      join oauth_grant g on g.bucket = held.bucket and g.id = held.grant_id and g.client_id = input.client_id
    where g.answered_by is null and ${GRANT_ALIVE}
  ), moved as (
    update oauth_token t
    set expires_at = least(now() + input.idle_seconds * interval '1 second', good.expires_at)
    from good join input on input.n = good.n where t.bucket = input.bucket and t.hash = input.hash
  ), inserted as (
    insert into oauth_token (bucket, hash, kind, grant_id, jkt, expires_at)
    select good.bucket, input.new_hash, input.new_kind, good.id, good.jkt,
      least(now() + input.seconds * interval '1 second', good.expires_at)
    from good join input on input.n = good.n
    returning hash, expires_at
  )
  select input.n, ${BURNED_OF_EACH}, ${GRANT_COLUMNS}, extract(epoch from inserted.expires_at)::float8 as expires_at
  from input left join fresh on fresh.n = input.n left join good g on g.n = input.n
    left join inserted on inserted.hash = input.new_hash`,
};

type MaybeRefreshed = (GrantRow & { expires_at: number }) | (MaybeGrantRow & { expires_at: null });
type Input = Parameters<OAuthStorage['refresh']>[0];
type Refreshed = Awaited<ReturnType<OAuthStorage['refresh']>>;

/**
 * {@link OAuthStorage.refresh}. Concurrent calls share one statement, but never two with the same refresh token or that
 * burn the same guard.
 */
export const refresher = (db: Db): OAuthStorage['refresh'] =>
  batchedStep<Input, Refreshed>({
    one: (input) => refresh(db, input),
    many: async (inputs) => {
      const values = [...guardColumns(inputs.map(({ guards }) => guards)), ...columnsOf(inputs.map(columns))];
      return outcomesOfEach(inputs, await run(db, REFRESH_MANY, values), (row) => refreshedBy(row) ?? BURNED_ONLY);
    },
    keysOf: ({ guards, refreshToken }) => [...guards.map(guardName), refreshToken.hash.toString('hex')],
  });

async function refresh(db: Db, input: Input): Promise<Refreshed> {
  const row = await runForRow(db, REFRESH, [...guardValues(input.guards), ...columns(input)]);
  return findReplayed(input.guards, row) ?? refreshedBy(row) ?? { kind: 'unknown' };
}

const refreshedBy = (row: MaybeRefreshed): Refreshed | null =>
  row.expires_at === null ? null : { kind: 'refreshed', grant: toGrant(row), expiresAt: row.expires_at };

const columns = ({ refreshToken, clientId, idleSeconds, accessToken }: Input): readonly unknown[] => [
  refreshToken.bucket,
  refreshToken.hash,
  clientId,
  idleSeconds,
  accessToken.hash,
  accessToken.kind,
  accessToken.lifetimeSeconds,
];
