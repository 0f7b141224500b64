import path from 'node:path';
import { createInstance, type Embedded, schemaDiff, sharedEmbedded } from '@chatelaine/dev-postgres';
import { migrationsDir as kernelMigrations } from '@chatelaine/host-kit';
import { applyMigrations } from '@chatelaine/postgres';
import { accountSchema } from '@chatelaine/accounts';
import { keySchema } from '@chatelaine/keys';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { migrationDirs } from '../src/migration-dirs.ts';

let embedded: Embedded;
beforeAll(async () => {
  embedded = await sharedEmbedded();
});
afterAll(() => embedded.stop());

const schemaFiles = [
  path.join(import.meta.dirname, '..', 'prisma', 'schema.prisma'),
  path.join(kernelMigrations, '..', 'oauth.prisma'),
  accountSchema,
  keySchema,
];

test('the schema files and the migrations of all packages say the same', async () => {
  expect(await schemaDiff({ url: embedded.url('postgres'), schemaFiles, migrationDirs })).toBeNull();
});

test('a migrated database is what the schema files say', async () => {
  const { url, drop } = await createInstance(embedded, { role: 'bridge', dirs: migrationDirs, apply: applyMigrations });
  expect(await schemaDiff({ url: embedded.url('postgres'), schemaFiles, live: { url, schema: 'bridge' } })).toBeNull();
  await drop();
});
