import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { schemaDiff } from '@chatelaine/dev-postgres';
import { migrationsDir } from '../src/index.ts';
import { startSharedHarness } from './harness.ts';

/** Busy tables with owners' rows only, which can be distributed by bucket. */
const HOT_TABLES = ['oauth_code', 'oauth_grant', 'oauth_token'];

let harness: Awaited<ReturnType<typeof startSharedHarness>>;
beforeAll(async () => {
  harness = await startSharedHarness();
});
afterAll(() => harness.stop());

async function query<Row extends object>(text: string): Promise<Row[]> {
  return (await harness.pools[0].query<Row>(text)).rows;
}

describe('the schema', () => {
  const schemaFiles = [path.join(migrationsDir, '..', 'oauth.prisma')];

  test('the Prisma models are what the migrations make', async () => {
    expect(
      await schemaDiff({ url: harness.server.url('postgres'), schemaFiles, migrationDirs: [migrationsDir] }),
    ).toBeNull();
  });

  test('the primary key of every table with owners’ rows begins with the bucket', async () => {
    const keys = await query<{ table: string; columns: string[] }>(
      `select c.relname as table,
         (select array_agg(a.attname::text order by k.place)
          from unnest(i.indkey::int2[]) with ordinality as k (column_number, place)
          join pg_attribute a on a.attrelid = c.oid and a.attnum = k.column_number) as columns
       from pg_index i join pg_class c on c.oid = i.indrelid
       where i.indisprimary and c.relnamespace = current_schema::regnamespace`,
    );
    const first = new Map(keys.map(({ table, columns }) => [table, columns[0]]));
    expect(HOT_TABLES.map((table) => first.get(table))).toEqual(HOT_TABLES.map(() => 'bucket'));
    expect([...first.keys()]).toContain('oauth_replay');
  });

  test('every unique index of such a table contains the bucket, and so does every reference to it', async () => {
    const unique = await query<{ definition: string }>(
      `select indexdef as definition from pg_indexes
       where schemaname = current_schema and tablename in ('oauth_code', 'oauth_grant', 'oauth_token')
         and indexdef ilike 'create unique%'`,
    );
    const references = await query<{ definition: string }>(
      `select pg_get_constraintdef(oid) as definition from pg_constraint
       where contype = 'f' and connamespace = current_schema::regnamespace`,
    );
    expect(unique).toHaveLength(HOT_TABLES.length);
    expect(references.length).toBeGreaterThan(0);
    for (const { definition } of [...unique, ...references]) expect(definition).toMatch(/\(bucket, /);
  });

  test('one table is unlogged, and records since when it remembers (ADR 0023)', async () => {
    const tables = await query<{ name: string; persistence: string }>(
      `select relname as name, relpersistence::text as persistence from pg_class
       where relkind = 'r' and relnamespace = current_schema::regnamespace and relname like 'oauth\\_%'`,
    );
    expect(tables.length).toBeGreaterThanOrEqual(9);
    expect(tables.filter(({ persistence }) => persistence !== 'p')).toEqual([
      { name: 'oauth_proof', persistence: 'u' },
    ]);
  });

  test('no column holds a secret in clear: hashes must be 32 bytes, and one column is encrypted', async () => {
    const { rows } = await harness.pools[0].query<{ table: string; column: string }>(
      `select table_name as table, column_name as column from information_schema.columns
       where table_schema = current_schema and table_name like 'oauth\\_%' and data_type = 'bytea' order by 1, 2`,
    );
    const checks = await query<{ table: string; definition: string }>(
      `select conrelid::regclass::text as table, pg_get_constraintdef(oid) as definition from pg_constraint
       where contype = 'c' and connamespace = current_schema::regnamespace`,
    );
    const hashes = rows.filter(({ column }) => column !== 'sealed');
    expect(rows.length - hashes.length).toBe(1);
    for (const { table, column } of hashes) {
      expect(checks.filter((check) => check.table === table).map(({ definition }) => definition)).toContain(
        `CHECK ((octet_length(${column}) = 32))`,
      );
    }
  });

  test('the database itself refuses a row of an impossible kind', async () => {
    await query(`insert into oauth_grant (bucket, id, client_id, subject, scope) values (7, 'g', 'c', 's', '{}')`);
    const token = (bucket: number, kind: string, hash: string) =>
      query(
        `insert into oauth_token (bucket, hash, kind, grant_id, expires_at)
          values (${bucket}, ${hash}, '${kind}', 'g', now())`,
      );
    const hash = `sha256('x')`;
    await expect(token(7, 'zz', hash)).rejects.toThrow('oauth_token_kind_check');
    await expect(token(7, 'ct', `'\\x00'`)).rejects.toThrow('oauth_token_hash_check');
    await expect(token(7, 'at', hash)).rejects.toThrow('oauth_token_at_check');
    await expect(token(8, 'ct', hash)).rejects.toThrow('oauth_token_grant_fkey');
    await expect(
      query(`insert into oauth_grant (bucket, id, client_id, subject, scope) values (65536, 'h', 'c', 's', '{}')`),
    ).rejects.toThrow('oauth_grant_bucket_check');
    await expect(query(`update oauth_grant set ended_at = now(), ended_by = 'nobody'`)).rejects.toThrow(
      'ended_by_check',
    );
    await expect(query(`insert into oauth_transfer_grant (client_id, id) values ('c', 't')`)).rejects.toThrow(
      'oauth_transfer_grant_tombstone_check',
    );
  });
});
