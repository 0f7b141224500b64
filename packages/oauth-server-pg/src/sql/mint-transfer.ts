import type { OAuthStorage } from '@chatelaine/oauth-server';
import { formatScope } from '@chatelaine/protocol';
import { BURNED_ONLY, batchedStep } from './batched-step.ts';
import { GRANT_ALIVE } from './grant-row.ts';
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
 * The transfer grant's row is the lock: `on conflict` waits for whoever holds it and then sees what they committed,
 * even a tombstone that did not exist when this statement began. A transfer grant belongs to one link and one Requester
 * (PROTOCOL §3.3); nothing is minted for any other. The link's grant is not locked, because the Requesters of one link
 * would then queue: a token that is minted while the grant ends is dead by find-token.ts.
 */
const MINT_TRANSFER: Query<Row> = {
  name: 'oauth_mint_transfer',
  text: `with ${BURN_GUARDS}, link as materialized (
    select g.*, coalesce(g.transfer_scope @> $9::text[], false) as covered
    from oauth_token t join oauth_grant g on g.bucket = t.bucket and g.id = t.grant_id, fresh
    where t.bucket = $3 and t.hash = $4 and t.kind = 'lt' and t.expires_at > now() and g.client_id = $5
      and ${GRANT_ALIVE}
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
    insert into oauth_token (bucket, hash, kind, grant_id, jkt, scope, audience, act_iss, act_sub, transfer_grant_id,
      expires_at)
    select link.bucket, $7, 'at', link.id, $11, $9, $10, $12, $13, transfer_grant.id,
      least(now() + $8::float8 * interval '1 second', link.expires_at)
    from link, transfer_grant
    returning expires_at
  )
  select ${BURNED}, link.covered, (select extract(epoch from expires_at)::float8 from minted) as expires_at
  from (values (1)) as always left join link on true`,
};

interface Row extends BurnedRow {
  /** null: there is no such link. */
  covered: boolean | null;
  expires_at: number | null;
}
type Input = Parameters<OAuthStorage['mintTransfer']>[0];

/** The types of {@link columns}. */
const COLUMN_TYPES = [
  'int',
  'bytea',
  'text',
  'text',
  'bytea',
  'float8',
  'text',
  'text',
  'text',
  'text',
  'text',
  'text',
  'text',
];

/**
 * Mints many at once where all is as it mostly is: the link is alive and covers the scope, and the transfer grant
 * exists. It does not wait for rows that are locked. Whatever is not minted here goes through {@link MINT_TRANSFER} by
 * itself, its guards already burned.
 */
const MINT_TRANSFERS: Query<ManyRow> = {
  name: 'oauth_mint_transfers',
  text: `with input as materialized (
    select n::int, bucket, link_hash, client_id, transfer_grant_id, hash, seconds, string_to_array(scope, ' ') as scope,
      audience, jkt, act_iss, act_sub,
      actor_name, actor_uri
    from ${rowsOf(COLUMN_TYPES, 4)} as i (bucket, link_hash, client_id, transfer_grant_id, hash, seconds, scope,
      audience, jkt, act_iss, act_sub,
      actor_name, actor_uri, n)
  ), ${BURN_GUARDS_OF_EACH}, link as materialized (
    select input.n, g.* from fresh join input on input.n = fresh.n
    join oauth_token t on t.bucket = input.bucket and t.hash = input.link_hash and t.kind = 'lt'
      and t.expires_at > now()
    join oauth_grant g on g.bucket = t.bucket and g.id = t.grant_id and g.client_id = input.client_id
      and g.transfer_scope @> input.scope and ${GRANT_ALIVE}
  ), held as materialized (
    select tg.client_id, tg.id, tg.bucket, tg.grant_id, tg.act_iss, tg.act_sub from oauth_transfer_grant tg
    where (tg.client_id, tg.id) in (select input.client_id, input.transfer_grant_id from link
      join input on input.n = link.n) and tg.ended_at is null
    order by tg.client_id, tg.id for no key update skip locked
  ), good as materialized (
    select input.*, link.id as grant_id, least(now() + input.seconds * interval '1 second', link.expires_at)
      as expires_at
    from input join link on link.n = input.n join held on held.client_id = input.client_id
      and held.id = input.transfer_grant_id
      and held.bucket = link.bucket and held.grant_id = link.id and held.act_iss = input.act_iss
        and held.act_sub = input.act_sub
  ), touched as (
    update oauth_transfer_grant tg set actor_name = good.actor_name, actor_uri = good.actor_uri, last_minted_at = now()
    from good where tg.client_id = good.client_id and tg.id = good.transfer_grant_id
  ), minted as (
    insert into oauth_token (bucket, hash, kind, grant_id, jkt, scope, audience, act_iss, act_sub, transfer_grant_id,
      expires_at)
    select bucket, hash, 'at', grant_id, jkt, scope, audience, act_iss, act_sub, transfer_grant_id, expires_at from good
  )
  select input.n, ${BURNED_OF_EACH}, extract(epoch from good.expires_at)::float8 as expires_at
  from input left join fresh on fresh.n = input.n left join good on good.n = input.n`,
};

type ManyRow = BurnedOfEachRow & Pick<Row, 'expires_at'>;
type Minted = Awaited<ReturnType<OAuthStorage['mintTransfer']>>;

/**
 * {@link OAuthStorage.mintTransfer}. Concurrent calls share one statement, but never two under the same transfer grant
 * or that burn the same guard.
 */
export const transferMinter = (db: Db): OAuthStorage['mintTransfer'] =>
  batchedStep<Input, Minted>({
    one: (input) => mintTransfer(db, input),
    many: async (inputs) => {
      const values = [...guardColumns(inputs.map(({ guards }) => guards)), ...columnsOf(inputs.map(columns))];
      return outcomesOfEach(inputs, await run(db, MINT_TRANSFERS, values), toMinted);
    },
    keysOf: ({ guards, clientId, transferGrantId }) => [...guards.map(guardName), `${clientId} ${transferGrantId}`],
  });

const toMinted = (row: ManyRow): Minted | typeof BURNED_ONLY =>
  row.expires_at === null ? BURNED_ONLY : { kind: 'minted', expiresAt: row.expires_at };

const columns = ({ linkToken, clientId, transferGrantId, token }: Input): readonly unknown[] => [
  linkToken.bucket,
  linkToken.hash,
  clientId,
  transferGrantId,
  token.hash,
  token.lifetimeSeconds,
  formatScope(token.scope),
  token.audience,
  token.jkt,
  token.act.iss,
  token.act.sub,
  token.actorName,
  token.actorUri,
];

async function mintTransfer(db: Db, input: Input): Promise<Minted> {
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
  if (row.covered === null) return { kind: 'unknown' };
  if (!row.covered) return { kind: 'over_ceiling' };
  return row.expires_at === null ? { kind: 'ended' } : { kind: 'minted', expiresAt: row.expires_at };
}
