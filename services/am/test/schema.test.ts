import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  createTestDatabase,
  type Embedded,
  schemaDiff,
  sharedEmbedded,
  type TestDatabase,
} from '@chatelaine/dev-postgres';
import { applyMigrations, openPool } from '@chatelaine/postgres';
import { migrationsDir as kernelMigrations } from '@chatelaine/oauth-server-pg';
import { accountSchema } from '@chatelaine/accounts';
import { keySchema } from '@chatelaine/keys';
import { migrationDirs } from '../src/resources.ts';

const SCHEMA_FILES = [
  path.join(import.meta.dirname, '..', 'prisma', 'schema.prisma'),
  path.join(kernelMigrations, '..', 'oauth.prisma'),
  accountSchema,
  keySchema,
];

let embedded: Embedded;
let database: TestDatabase;

beforeAll(async () => {
  embedded = await sharedEmbedded();
  const instances = [{ role: 'am', dirs: [...migrationDirs] }];
  database = await createTestDatabase(embedded, { instances, apply: applyMigrations });
});
afterAll(() => embedded.stop());

describe('the schema', () => {
  test('Prisma’s files and the migrations say the same', async () => {
    const url = embedded.url('postgres');
    expect(await schemaDiff({ url, schemaFiles: SCHEMA_FILES, migrationDirs: [...migrationDirs] })).toBeNull();
  });

  test('and so does the database they made', async () => {
    const live = { url: database.url('am'), schema: 'am' };
    expect(await schemaDiff({ url: database.url('am'), schemaFiles: SCHEMA_FILES, live })).toBeNull();
  });
});

/**
 * Tables of an owner's rows: they can be spread over several servers by bucket, as long as no key must be unique across
 * all of them.
 */
const SPREAD = ['oauth_grant', 'oauth_code', 'oauth_token', 'transfer', 'deferral', 'proffer'];
/** Rows that are found only by a hash, and could be on any server, by that hash. */
const BY_HASH = {
  oauth_request: ['hash'],
  oauth_answer: ['hash'],
  oauth_replay: ['id'],
  oauth_proof: ['id'],
  link_attempt: ['state_hash'],
  session: ['id_hash'],
  push_subscription: ['session_hash'],
};

/** Counters and slots, whose rows could be on any server, by their key. */
const BY_KEY = {
  oauth_rate_limit: ['key'],
  rate_limit: ['key'],
  call_place: ['connection_id', 'number'],
  link_seen: ['link_id'],
  rule_limit: ['id'],
  transfer_settled: ['id'],
  checkpoint: ['owner_id', 'stream', 'number'],
  checkpoint_progress: ['stream'],
  kept_since: ['owner_id', 'stream'],
};
/** Configuration of owners, clients and Hosts: read often, written when somebody changes something by hand. */
const SETTLED =
  'account account_deletion app_name ask connection connection_host encryption_key host host_half ' +
  'host_turn icon kept_secret link link_trouble mail_token notice notice_choice oauth_client ' +
  'oauth_document oauth_transfer_grant owner passkey proffer_key recovery_code revocation ' +
  'revocation_due rule signing_key spent_challenge stop_epoch terms_document timeline_entry';

describe('the tables that are written with every request', () => {
  interface Key {
    table: string;
    columns: string[];
  }
  let keys: Key[];
  beforeAll(async () => {
    const pool = openPool({ url: database.url('am'), name: 'test', max: 1 });
    ({ rows: keys } = await pool.query<Key>(`
      select t.relname as table, array_agg(a.attname::text order by k.place) as columns
      from pg_index i join pg_class t on t.oid = i.indrelid, unnest(i.indkey) with ordinality as k(number, place)
      join pg_attribute a on a.attnum = k.number
      where i.indisunique and a.attrelid = t.oid and t.relnamespace = current_schema()::regnamespace
        and not t.relispartition
      group by t.relname, i.indexrelid`));
    await pool.end();
  });
  const keysOf = (table: string): string[][] => keys.filter((key) => key.table === table).map(({ columns }) => columns);

  test.each(SPREAD)('%s can be distributed by bucket: every unique key of it begins with that', (table) => {
    expect(keysOf(table).length).toBeGreaterThan(0);
    for (const columns of keysOf(table)) expect(columns[0]).toBe('bucket');
  });

  test.each(Object.entries({ ...BY_HASH, ...BY_KEY }))(
    '%s can be distributed by the beginning of its one key: it has no other',
    (table, key) => {
      expect(keysOf(table)).toEqual([key]);
    },
  );

  test('no index has what closing a transfer changes, so that the row stays where it is', async () => {
    const pool = openPool({ url: database.url('am'), name: 'test', max: 1 });
    const { rows } = await pool.query(
      String.raw`select indexdef from pg_indexes
        where schemaname = current_schema() and tablename ~ '^transfer(_first|_default)?$'
          and indexdef ~ '\m(state|error|closed_at)\M'`,
    );
    await pool.end();
    expect(rows).toEqual([]);
  });

  test('are these: a new table is one of them, or is settled', () => {
    const known = [...SPREAD, ...Object.keys({ ...BY_HASH, ...BY_KEY }), ...SETTLED.split(' ')].toSorted();
    const all = new Set(keys.map(({ table }) => table).filter((table) => table !== '_prisma_migrations'));
    expect([...all].toSorted()).toEqual(known);
  });
});
