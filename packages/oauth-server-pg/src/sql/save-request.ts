import type { OAuthStorage } from '@chatelaine/oauth-server';
import { formatScope } from '@chatelaine/protocol';
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
import { REQUEST_COLUMNS } from './request-row.ts';
import { batched, columnsOf, type Db, type Query, rowsOf, run, runForRow } from '@chatelaine/postgres';

const SAVE_REQUEST: Query<BurnedRow & { saved: boolean }> = {
  name: 'oauth_save_request',
  text: `with ${BURN_GUARDS}, saved as (
    insert into oauth_request (hash, client_id, expires_at, ${REQUEST_COLUMNS})
    select $3, $4, now() + $6::float8 * interval '1 second', $7, string_to_array($8, ' '), string_to_array($9, ' '),
      $10, $11, $12, $13, $14::json, $15, $16
    from fresh
    where (select count(*) from (select from oauth_request r where r.client_id = $4 and r.expires_at > now()
      limit $5) open) < $5
    returning 1
  )
  select ${BURNED}, exists (select from saved) as saved`,
};

/** The types of {@link columns}. */
const COLUMN_TYPES = [
  'bytea',
  'text',
  'int',
  'float8',
  'text',
  'text',
  'text',
  'text',
  'text',
  'text',
  'text',
  'text',
  'text',
  'boolean',
];

/** Many at once. What a client has open is counted once, and its new requests one after the other on top. */
const SAVE_REQUESTS: Query<BurnedOfEachRow & { saved: boolean }> = {
  name: 'oauth_save_requests',
  text: `with input as materialized (
    select n::int, hash, client_id, at_once, now() + seconds * interval '1 second' as expires_at, redirect_uri,
      string_to_array(scope, ' ') as scope, string_to_array(transfer_scope, ' ') as transfer_scope, state,
      code_challenge, jkt, prompt, extensions::json as extensions, answered_by, authenticated
    from ${rowsOf(COLUMN_TYPES, 4)} as i (hash, client_id, at_once, seconds, ${REQUEST_COLUMNS}, n)
  ), ${BURN_GUARDS_OF_EACH}, client as materialized (
    select client_id, (select count(*) from (select from oauth_request r where r.client_id = one.client_id
      and r.expires_at > now() limit one.at_once) open) as open
    from (select client_id, max(at_once) as at_once from fresh join input on input.n = fresh.n
      group by client_id) as one
  ), next as (
    select input.*, row_number() over (partition by client_id order by input.n) as place
    from fresh join input on input.n = fresh.n
  ), saved as (
    insert into oauth_request (hash, client_id, expires_at, ${REQUEST_COLUMNS})
    select hash, client_id, expires_at, ${REQUEST_COLUMNS} from next join client using (client_id)
    where open + place <= at_once
    returning hash
  )
  select input.n, ${BURNED_OF_EACH}, saved.hash is not null as saved
  from input left join fresh on fresh.n = input.n left join saved on saved.hash = input.hash`,
};

type Input = Parameters<OAuthStorage['saveRequest']>[0];
type Saved = Awaited<ReturnType<OAuthStorage['saveRequest']>>;

/** {@link OAuthStorage.saveRequest}. Concurrent calls share one statement, but never two that burn the same guard. */
export const requestSaver = (db: Db): OAuthStorage['saveRequest'] =>
  batched<Input, Saved>({
    one: async (input) => {
      const row = await runForRow(db, SAVE_REQUEST, [...guardValues(input.guards), ...columns(input)]);
      return findReplayed(input.guards, row) ?? savedBy(row);
    },
    many: async (inputs) => {
      const values = [...guardColumns(inputs.map(({ guards }) => guards)), ...columnsOf(inputs.map(columns))];
      return outcomesOfEach(inputs, await run(db, SAVE_REQUESTS, values), savedBy);
    },
    keysOf: ({ guards, hash }) => [...guards.map(guardName), hash.toString('hex')],
  });

const savedBy = ({ saved }: { saved: boolean }): Saved => ({ kind: saved ? 'saved' : 'full' });

const columns = ({ hash, clientId, atOnce, lifetimeSeconds, request }: Input): readonly unknown[] => [
  hash,
  clientId,
  atOnce,
  lifetimeSeconds,
  request.redirectUri,
  formatScope(request.scope),
  request.transferScope === null ? null : formatScope(request.transferScope),
  request.state,
  request.codeChallenge,
  request.jkt,
  request.prompt,
  Object.keys(request.extensions).length === 0 ? null : JSON.stringify(request.extensions),
  request.answeredBy,
  request.isAuthenticated,
];
