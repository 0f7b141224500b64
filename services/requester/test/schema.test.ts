import path from 'node:path';
import { createTestDatabase, type Embedded, schemaDiff, sharedEmbedded } from '@chatelaine/dev-postgres';
import { applyMigrations, openPool } from '@chatelaine/postgres';
import { migrationsDir as kernelMigrations } from '@chatelaine/host-kit';
import { accountSchema } from '@chatelaine/accounts';
import { keySchema } from '@chatelaine/keys';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { migrationDirs } from '../src/deps.ts';
import { ENCRYPTED_COLUMNS } from '../src/encrypted-columns.ts';

let embedded: Embedded;
beforeAll(async () => {
  embedded = await sharedEmbedded();
});
afterAll(() => embedded.stop());

test('schema, migrations and live database say the same', async () => {
  const own = path.join(import.meta.dirname, '..', 'prisma', 'schema.prisma');
  const schemaFiles = [own, path.join(kernelMigrations, '..', 'oauth.prisma'), accountSchema, keySchema];
  const instances = [{ role: 'lifestream', dirs: migrationDirs }];
  const database = await createTestDatabase(embedded, { instances, apply: applyMigrations });
  expect(await schemaDiff({ url: embedded.url('postgres'), schemaFiles, migrationDirs })).toBeNull();
  const live = { url: database.url('lifestream'), schema: 'lifestream' };
  expect(await schemaDiff({ url: embedded.url('postgres'), schemaFiles, live })).toBeNull();
  const pool = openPool({ url: database.url('lifestream'), name: 'test', max: 1 });
  const { rows } = await pool.query<{ place: string }>(
    `select table_name || '.' || column_name as place from information_schema.columns
     where table_schema = current_schema() and column_name = 'sealed' order by place`,
  );
  await pool.end();
  // what is not listed is lost with its encryption key; answers are encrypted by a key that only the browser has, for
  // seconds
  expect(rows.map(({ place }) => place).filter((place) => place !== 'oauth_answer.sealed')).toEqual(
    ENCRYPTED_COLUMNS.map(({ table }) => `${table}.sealed`).toSorted(),
  );
  await database.drop();
});
