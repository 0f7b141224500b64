import type { OAuthStorage } from '@chatelaine/oauth-server';
import { BURNED_ONLY, batchedStep } from './batched-step.ts';
import { GRANT_ALIVE, GRANT_COLUMNS, type MaybeGrantRow, toGrant } from './grant-row.ts';
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
    update oauth_grant o set jkt = coalesce(o.jkt, $6), authenticated = o.authenticated or $7 from g
    where o.bucket = g.bucket and o.id = g.id and (g.jkt is null and $6::text is not null or $7
      and not g.authenticated)
  ), token as materialized (
    select new.hash, new.kind, least(now() + new.seconds * interval '1 second', g.expires_at) as expires_at, new.place
    from g, unnest($8::bytea[], $9::text[], $10::float8[]) with ordinality as new (hash, kind, seconds, place)
  ), inserted as (
    insert into oauth_token (bucket, hash, kind, grant_id, jkt, expires_at, generation)
    select g.bucket, token.hash, token.kind, g.id, coalesce(g.jkt, $6), token.expires_at,
      case when token.kind = 'rt' and g.answered_by is not null then 1 end
    from g, token
  )
  select ${BURNED}, code.used, code.grant_id as code_grant_id, ${GRANT_COLUMNS}, coalesce(g.jkt, $6) as jkt,
    g.authenticated or $7 as authenticated,
    array(select extract(epoch from expires_at)::float8 from token order by place) as expires_at
  from (values (1)) as always left join code on true left join g on true`,
};

/** The types of {@link columns}. */
const COLUMN_TYPES = ['int', 'bytea', 'text', 'text', 'boolean'];

/**
 * The usual case, for many at once: the code is good, its grant alive, and both are locked by nobody. What is not
 * redeemed here goes through {@link REDEEM_CODE} by itself, its guards already burned. `$4` to `$7` are the tokens of
 * all, each with the number of its input.
 */
const REDEEM_CODES: Query<BurnedOfEachRow & MaybeRedeemed> = {
  name: 'oauth_redeem_codes',
  text: `with input as materialized (
    select n::int, bucket, hash, client_id, jkt, authenticated
    from ${rowsOf(COLUMN_TYPES, 8)} as i (bucket, hash, client_id, jkt, authenticated, n)
  ), token as materialized (
    select n, hash, kind, seconds, place
    from ${rowsOf(['int', 'bytea', 'text', 'float8'], 4)} as t (n, hash, kind, seconds, place)
  ), ${BURN_GUARDS_OF_EACH}, code as materialized (
    select input.n, c.bucket, c.hash, c.grant_id from fresh join input on input.n = fresh.n
      join oauth_code c on c.bucket = input.bucket and c.hash = input.hash and c.client_id = input.client_id
    where c.used_at is null and c.spoiled_at is null and c.expires_at > now() and (c.jkt is null or c.jkt = input.jkt)
    order by c.bucket, c.hash for update of c skip locked
  ), held as materialized (
    select g.* from oauth_grant g
    where (g.bucket, g.id) in (select bucket, grant_id from code group by bucket, grant_id having count(*) = 1)
      and ${GRANT_ALIVE}
    order by g.bucket, g.id for no key update skip locked
  ), good as materialized (
    select code.n, code.hash as code_hash, coalesce(held.jkt, input.jkt) as bound_to,
      held.authenticated or input.authenticated as by_authenticated, held.*
    from code join held on held.bucket = code.bucket and held.id = code.grant_id join input on input.n = code.n
  ), marked as (
    update oauth_code c set used_at = now() from good where c.bucket = good.bucket and c.hash = good.code_hash
  ), bound as (
    update oauth_grant o set jkt = good.bound_to, authenticated = good.by_authenticated from good
    where o.bucket = good.bucket and o.id = good.id
      and (good.jkt is distinct from good.bound_to or good.authenticated <> good.by_authenticated)
  ), inserted as (
    insert into oauth_token (bucket, hash, kind, grant_id, jkt, expires_at, generation)
    select good.bucket, token.hash, token.kind, good.id, good.bound_to,
      least(now() + token.seconds * interval '1 second', good.expires_at),
      case when token.kind = 'rt' and good.answered_by is not null then 1 end
    from good join token on token.n = good.n
    returning hash, expires_at
  )
  select input.n, ${BURNED_OF_EACH}, ${GRANT_COLUMNS}, g.bound_to as jkt, g.by_authenticated as authenticated,
    array(select extract(epoch from inserted.expires_at)::float8 from token join inserted on inserted.hash = token.hash
      where token.n = input.n order by token.place) as expires_at
  from input left join fresh on fresh.n = input.n left join good g on g.n = input.n`,
};

type MaybeRedeemed = MaybeGrantRow & { expires_at: number[] };
type Row = BurnedRow & MaybeRedeemed & { used: boolean | null; code_grant_id: string | null };
type Input = Parameters<OAuthStorage['redeemCode']>[0];
type Redeemed = Awaited<ReturnType<OAuthStorage['redeemCode']>>;

/**
 * {@link OAuthStorage.redeemCode}. Concurrent calls share one statement, but never two with the same code or that burn
 * the same guard.
 */
export const codeRedeemer = (db: Db): OAuthStorage['redeemCode'] =>
  batchedStep<Input, Redeemed>({
    one: (input) => redeemCode(db, input),
    many: async (inputs) => {
      const tokens = inputs.flatMap((input, index) => input.tokens.map((token) => ({ ...token, n: index + 1 })));
      const values = [
        ...guardColumns(inputs.map(({ guards }) => guards)),
        tokens.map(({ n }) => n),
        tokens.map(({ hash }) => hash),
        tokens.map(({ kind }) => kind),
        tokens.map(({ lifetimeSeconds }) => lifetimeSeconds),
        ...columnsOf(inputs.map(columns)),
      ];
      return outcomesOfEach(inputs, await run(db, REDEEM_CODES, values), (row) => redeemedBy(row) ?? BURNED_ONLY);
    },
    keysOf: ({ guards, code }) => [...guards.map(guardName), code.hash.toString('hex')],
  });

async function redeemCode(db: Db, input: Input): Promise<Redeemed> {
  const { guards, tokens } = input;
  const row = await runForRow(db, REDEEM_CODE, [
    ...guardValues(guards),
    ...columns(input),
    tokens.map(({ hash }) => hash),
    tokens.map(({ kind }) => kind),
    tokens.map(({ lifetimeSeconds }) => lifetimeSeconds),
  ]);
  const outcome = findReplayed(guards, row) ?? redeemedBy(row);
  if (outcome !== null) return outcome;
  return row.used === true && row.code_grant_id !== null
    ? { kind: 'reused', grantId: row.code_grant_id }
    : { kind: 'unknown' };
}

const redeemedBy = (row: MaybeRedeemed): Redeemed | null =>
  row.grant_id === null ? null : { kind: 'redeemed', grant: toGrant(row), expiresAt: row.expires_at };

const columns = ({ code, clientId, jkt, isAuthenticated }: Input): readonly unknown[] => [
  code.bucket,
  code.hash,
  clientId,
  jkt,
  isAuthenticated,
];
