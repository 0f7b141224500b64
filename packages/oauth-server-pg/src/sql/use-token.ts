import type { OAuthStorage, Proof, UsedToken } from '@chatelaine/oauth-server';
import { batched, columnsOf, type Db, type Query, rowsOf, run } from '@chatelaine/postgres';
import { TOKEN, TOKEN_COLUMNS, TOKEN_LIVES, type TokenRow, toToken } from './find-token.ts';
import { guardId, guardName } from './replay-guards.ts';

/**
 * Seconds by which a proof's `iat` may be ahead of the database's clock and the proof still be remembered without a
 * durable commit.
 */
const AHEAD = 5;
/** Seconds by which the clocks of a database and of a standby that is promoted may differ. */
const CLOCKS = 5;
/** The key of the row that says since when the table remembers. No hash has this value. */
const MARKER = `decode(repeat('00', 32), 'hex')`;

/**
 * DPoP proofs at a resource are remembered in `oauth_proof`, an unlogged table, whose commits wait for no disk and no
 * standby. A crash or failover empties it, together with the row that says since when it remembers (`began_at`). When
 * that row is missing, or came from a dump (it then names another table), a new one is written. No proof that was
 * remembered before has an `iat` later than `began_at` by more than {@link AHEAD} and {@link CLOCKS}. So a proof with a
 * later `iat` cannot have been used before, and one with an earlier `iat` that is not in the table is refused. A proof
 * that is further ahead is first remembered in `oauth_replay`, durably, and that table is consulted for every proof.
 */
const useTokenText = (input: string): string => `with input as materialized (${input}
  ), token as materialized (
    select input.*, ${TOKEN_COLUMNS} from input, ${TOKEN} where t.bucket = wanted_bucket and t.hash = wanted_hash
      and ${TOKEN_LIVES}
  ), memory as materialized (
    select extract(epoch from m.began_at) + ${AHEAD + CLOCKS} as complete_from from oauth_proof m
      where m.id = ${MARKER} and m.memory_of = m.tableoid
  ), spent as (
    insert into oauth_proof (id, expires_at)
    select proof, to_timestamp(proof_expires_at) from token, memory
    where token_jkt = proof_jkt and audience = wanted_audience and to_timestamp(proof_expires_at) > now()
      and proof_iat > complete_from
      and (remembered or (proof_iat <= extract(epoch from now()) + ${AHEAD} and not exists (select from oauth_replay
        where id = proof)))
    order by proof
    on conflict (id) do nothing
    returning id
  )
  select token.*, exists (select from spent where id = proof) as is_spent, proof_iat <= (select complete_from
    from memory) as may_have_forgotten,
    proof_iat > extract(epoch from now()) + ${AHEAD} as is_ahead
  from token`;

const USE_TOKEN: Query<Row> = {
  name: 'oauth_use_token',
  text: useTokenText(`select 1 as n, $1::int as wanted_bucket, $2::bytea as wanted_hash, $3::text as wanted_audience,
    $4::bytea as proof,
    $5::text as proof_jkt, $6::float8 as proof_iat, $7::float8 as proof_expires_at, $8::boolean as remembered`),
};

const USE_TOKENS: Query<Row> = {
  name: 'oauth_use_tokens',
  text: useTokenText(`select n::int, wanted_bucket, wanted_hash, wanted_audience, proof, proof_jkt, proof_iat,
    proof_expires_at, remembered
    from ${rowsOf(['int', 'bytea', 'text', 'bytea', 'text', 'float8', 'float8', 'boolean'])}
      as i (wanted_bucket, wanted_hash, wanted_audience, proof, proof_jkt, proof_iat, proof_expires_at, remembered,
        n)`),
};

type Row = TokenRow & {
  n: number;
  is_spent: boolean;
  /** null: the table does not say since when it remembers. */
  may_have_forgotten: boolean | null;
  is_ahead: boolean;
};

const BEGIN_MEMORY: Query = {
  name: 'oauth_begin_proof_memory',
  text: `insert into oauth_proof as m (id, expires_at, began_at, memory_of)
  values (${MARKER}, 'infinity', clock_timestamp(), 'oauth_proof'::regclass)
  on conflict (id) do update set began_at = excluded.began_at, memory_of = excluded.memory_of
    where m.memory_of <> excluded.memory_of`,
};

type Input = Parameters<OAuthStorage['useToken']>[0];

/** {@link OAuthStorage.useToken}. Concurrent calls share one statement, but never two with the same proof. */
export function tokenUser(db: Db, burn: OAuthStorage['burn']): OAuthStorage['useToken'] {
  const use = batched<Input, Row | undefined>({
    one: async (input) => (await run(db, USE_TOKEN, valuesOf(input, { inReplay: false })))[0],
    many: async (inputs) => {
      const columns = columnsOf(inputs.map((input) => valuesOf(input, { inReplay: false })));
      const found = new Map((await run(db, USE_TOKENS, columns)).map((row) => [row.n, row]));
      return inputs.map((_, index) => found.get(index + 1));
    },
    keysOf: ({ proof }) => [guardName({ kind: 'dpop', key: proof.jkt, jti: proof.jti })],
  });
  return async (input) => {
    const row = await use(input);
    if (row === undefined) return { token: null, proof: 'untouched' };
    const token = toToken(row);
    if (token.jkt !== input.proof.jkt || token.audience !== input.audience) return { token, proof: 'untouched' };
    if (row.is_spent) return { token, proof: 'spent' };
    if (row.may_have_forgotten === null) await run(db, BEGIN_MEMORY);
    if (row.may_have_forgotten !== false) return { token, proof: 'forgotten' };
    return { token, proof: row.is_ahead ? await spendAhead(db, burn, input) : 'replayed' };
  };
}

/**
 * Remembers a proof that is far ahead in `oauth_replay` and in `oauth_proof`, which is the one consulted later, when
 * the proof is not ahead any more.
 */
async function spendAhead(db: Db, burn: OAuthStorage['burn'], input: Input): Promise<UsedToken['proof']> {
  const { jkt: key, jti, expiresAt } = input.proof;
  const burned = await burn([{ kind: 'dpop', key, jti, expiresAt }]);
  if (burned.kind === 'replayed') return 'replayed';
  const [row] = await run(db, USE_TOKEN, valuesOf(input, { inReplay: true }));
  return row?.is_spent === true ? 'spent' : 'replayed';
}

/** `inReplay`: whether this call has just remembered the proof in `oauth_replay`. */
function valuesOf({ token, audience, proof }: Input, { inReplay }: { inReplay: boolean }): readonly unknown[] {
  const { jkt, iat, expiresAt } = proof;
  return [token.bucket, token.hash, audience, proofId(proof), jkt, iat, expiresAt, inReplay];
}

/** The same id in both tables. */
const proofId = ({ jkt: key, jti }: Proof): Buffer => guardId({ kind: 'dpop', key, jti });
