import fs from 'node:fs';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import { readMigrations } from './instance.ts';
import { schemaAdapter } from './schema-adapter.ts';
import { schemaEngine } from './schema-engine.ts';

export interface SchemaDiffInput {
  /** A database whose role may create databases, since the migrations are tried in one; with `live`, any. */
  url: string;
  /** The Prisma files of the schema; if none has a datasource block, one is added. */
  schemaFiles: string[];
  /** Migration folders: the schema is compared with their union, sorted by name. */
  migrationDirs?: string[];
  /** Compares with the tables of this live schema instead of with the migrations, except for `_prisma_migrations`. */
  live?: { url: string; schema: string };
}

type File = { path: string; content: string };

const DATASOURCE: File = { path: 'datasource.prisma', content: 'datasource db {\n  provider = "postgresql"\n}\n' };

/**
 * SQL that turns the result of the migrations, or the live database, into the Prisma schema; null if they agree. It
 * does not see what Prisma's language cannot express: CHECKs, partial indexes and grants. Rejects if a migration fails.
 */
export async function schemaDiff(input: SchemaDiffInput): Promise<string | null> {
  const files = read(input.schemaFiles);
  const { SchemaEngine } = await schemaEngine();
  const { live } = input;
  const adapter = schemaAdapter(live ?? { url: input.url });
  const factory = bindMigrationAwareSqlAdapterFactory(adapter);
  const engine = await SchemaEngine.new(
    { datamodels: files.map(({ path, content }) => [path, content]) },
    () => undefined,
    factory,
  );
  try {
    const result = await engine.diff({
      from:
        live === undefined ? migrations(input.migrationDirs ?? []) : { tag: 'schemaDatasource', files, configDir: '.' },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: true,
      filters: { externalTables: [], externalEnums: [] },
    });
    return result.exitCode === 2 ? (result.stdout ?? '') : null;
  } finally {
    engine.free();
    await adapter.close();
  }
}

function read(schemaFiles: string[]): File[] {
  const files = schemaFiles.map((path) => ({ path, content: fs.readFileSync(path, 'utf8') }));
  return files.some(({ content }) => /^\s*datasource\s/m.test(content)) ? files : [DATASOURCE, ...files];
}

function migrations(dirs: string[]) {
  return {
    tag: 'migrations' as const,
    baseDir: '.',
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"' },
    shadowDbInitScript: '',
    migrationDirectories: readMigrations(dirs).map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: sql } },
    })),
  };
}
