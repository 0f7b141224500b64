import path from 'node:path';
import { createTestDatabase, type Embedded, schemaDiff, startEmbedded } from '@chatelaine/dev-postgres';
import { applyMigrations } from '@chatelaine/migrations';
import { migrationsDir as kernelMigrations } from '@chatelaine/host-kit';
import { prismaFile as chassisFile } from '@chatelaine/service-kit';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { migrationDirs } from '../src/deps.ts';

let embedded: Embedded;
beforeAll(async () => {
  embedded = await startEmbedded();
});
afterAll(() => embedded.stop());

test('schema, migrations and live database say the same', async () => {
  const own = path.join(import.meta.dirname, '..', 'prisma', 'schema.prisma');
  const schemaFiles = [own, path.join(kernelMigrations, '..', 'oauth.prisma'), chassisFile];
  const instances = [{ role: 'lifestream', dirs: migrationDirs }];
  const database = await createTestDatabase(embedded, { instances, apply: applyMigrations });
  expect(await schemaDiff({ url: embedded.url('postgres'), schemaFiles, migrationDirs })).toBeNull();
  const live = { url: database.url('lifestream'), schema: 'lifestream' };
  expect(await schemaDiff({ url: embedded.url('postgres'), schemaFiles, live })).toBeNull();
  await database.drop();
});
