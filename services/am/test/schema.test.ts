import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  createTestDatabase,
  type Embedded,
  schemaDiff,
  startEmbedded,
  type TestDatabase,
} from '@chatelaine/dev-postgres';
import { applyMigrations } from '@chatelaine/migrations';
import { migrationsDir as kernelMigrations } from '@chatelaine/oauth-server-pg';
import { prismaFile as chassisSchema } from '@chatelaine/service-kit';
import { migrationDirs } from '../src/resources.ts';

const SCHEMA_FILES = [
  path.join(import.meta.dirname, '..', 'prisma', 'schema.prisma'),
  path.join(kernelMigrations, '..', 'oauth.prisma'),
  chassisSchema,
];

let embedded: Embedded;
let database: TestDatabase;

beforeAll(async () => {
  embedded = await startEmbedded();
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
