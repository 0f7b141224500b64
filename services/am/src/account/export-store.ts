import { type ExportFile, inParts, jsonList } from '@chatelaine/accounts';
import { defineQuery, type Query, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

interface Row {
  row: object;
  key: string;
}

/** How many rows one query reads; the next query waits until these have been consumed. */
const ROWS = 500;

/**
 * How a list is read in parts: its key as text, the condition for what follows key $2, and the order. '' comes before
 * all keys.
 */
interface Order {
  readonly key: string;
  readonly after: string;
  readonly by: string;
}
const BY_ID: Order = { key: 'id', after: 'id > $2', by: 'id' };
// as text, because a `bigint` does not fit into a JSON number
const BY_NUMBER: Order = {
  key: 'timeline_entry.id::text',
  after: `timeline_entry.id > coalesce(nullif($2, ''), '0')::bigint`,
  by: 'timeline_entry.id',
};
/** In the order of the table's index, however many rows there are. */
const BY_TIME: Order = {
  key: `to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || ' ' || id`,
  after: `(started_at, id) > (coalesce(nullif(split_part($2, ' ', 1), ''), '-infinity')::timestamptz,
    split_part($2, ' ', 2))`,
  by: 'started_at, id',
};

/** By their number in their chain, the two chains one after the other. */
const BY_NUMBER_IN_CHAIN: Order = {
  key: `stream || ' ' || number`,
  after: `(stream, number) > (split_part($2, ' ', 1), coalesce(nullif(split_part($2, ' ', 2), ''), '0')::int)`,
  by: 'stream, number',
};

const BY_CHOICE: Order = { key: `topic || ' ' || way`, after: `topic || ' ' || way > $2`, by: `topic || ' ' || way` };
const BY_CLIENT: Order = { key: 'client_id', after: 'client_id > $2', by: 'client_id' };
const BY_SESSION: Order = {
  key: `encode(session_hash, 'hex')`,
  after: `encode(session_hash, 'hex') > $2`,
  by: `encode(session_hash, 'hex')`,
};
const BY_JTI: Order = { key: 'proffer.jti', after: 'proffer.jti > $2', by: 'proffer.jti' };

/** The columns and the table, with the owner as $1. */
const file = (path: string, what: string, { key, after, by }: Order = BY_ID): { path: string; query: Query<Row> } => ({
  path,
  query: defineQuery<Row>({
    name: `account_export_${path.replace('.json', '')}`,
    text: `select to_jsonb(one) - 'key' as row, one.key
      from (select ${key} as key, ${what} and ${after} order by ${by} limit ${ROWS}) one`,
  }),
});

// what gives access or authenticates (tokens, keys, hashes) is not exported
const FILES = [
  file(
    'owner.json',
    'id, terms, signers_only, new_apps_read, new_apps_write, new_services, keep_days from owner where id = $1',
  ),
  file(
    'links.json',
    `id, label, (select issuer from host h where h.id = host_id) as host, transfer_scope, state, created_at, ended_at,
      replaces,
     (select jsonb_build_object('answered_at', answered_at, 'unreachable_since', unreachable_since) from link_seen
       where link_id = link.id) as seen
     from link where owner_id = $1`,
  ),
  file(
    'connections.json',
    `id, client_id, client_name, client_uri, logo_uri, redirect_uri, is_proven, resource, created_at, expires_at,
      ended_at, paused_at,
     (select coalesce(jsonb_agg(jsonb_build_object('link', link_id, 'scopes', scopes, 'bearer', bearer)), '[]')
      from connection_host where connection_id = connection.id) as hosts
     from connection where owner_id = $1`,
  ),
  file('app-names.json', 'client_id, name from app_name where owner_id = $1', BY_CLIENT),
  file(
    'rules.json',
    `id, connection_id, link_id, scope, effect, for_terms, expires_at, created_at,
     (select jsonb_build_object('most', most, 'per', per, 'used', used, 'since', since) from rule_limit
       where rule_limit.id = limit_id) as how_often
     from rule where owner_id = $1`,
  ),
  file(
    'questions.json',
    `id, connection_id, link_id, scopes, purpose, state, answer, allowed, part_of, for_terms, created_at, expires_at,
      decided_at from ask
     where owner_id = $1`,
  ),
  file('notifications.json', 'topic, way from notice_choice where owner_id = $1', BY_CHOICE),
  file(
    'push.json',
    `created_at, substring(endpoint from '^[a-z]+://[^/]+') as push_service from push_subscription where owner_id = $1`,
    BY_SESSION,
  ),
  file(
    'transfers.json',
    `id, connection_id, link_id, client_id, resource, scopes, ask_id, rule_ids, proffer_jti, state, error, request_id,
      started_at, closed_at from transfer where owner_id = $1`,
    BY_TIME,
  ),
  file(
    'ends.json',
    `id, connection_id, link_id, state, attempts, tried_at, created_at, confirmed_at from revocation
      where owner_id = $1`,
  ),
  file(
    'terms.json',
    `proffer.jti as id, connection_id, proffer.terms, proffer, answer, decision, accepted, proffer.created_at,
      answered_at, signer_keys
     from proffer join connection c on c.id = connection_id where c.owner_id = $1`,
    BY_JTI,
  ),
  file(
    'checkpoints.json',
    `stream, number, count, total::text as total, last_at, last_id, encode(digest, 'base64') as digest,
      encode(previous, 'base64') as previous,
     encode(mac, 'base64') as mac, made_at from checkpoint where owner_id = $1`,
    BY_NUMBER_IN_CHAIN,
  ),
  file('kept-since.json', `stream, since, encode(mac, 'base64') as mac from kept_since where owner_id = $1`, {
    key: 'stream',
    after: 'stream > $2',
    by: 'stream',
  }),
  file('timeline.json', 'id::text as id, at, kind, data from timeline_entry where owner_id = $1', BY_NUMBER),
];

/** Everything that the AM stores of an owner, file by file. */
export async function* exported({ pool }: Pick<Deps, 'pool'>, ownerId: string): AsyncGenerator<ExportFile> {
  for (const { path, query } of FILES) {
    const rows = () =>
      inParts((after: string) => run(pool, query, [ownerId, after]), { first: '', keyOf: ({ key }) => key });
    yield { path, content: () => jsonList(justRows(rows())) };
  }
}

async function* justRows(rows: AsyncIterable<Row>): AsyncGenerator<object> {
  for await (const { row } of rows) yield row;
}
