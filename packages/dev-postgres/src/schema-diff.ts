import fs from 'node:fs';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import { readMigrations } from './instance.ts';
import { schemaAdapter } from './schema-adapter.ts';
import { schemaEngine } from './schema-engine.ts';

export interface SchemaDiffInput {
  /** A database whose role may create databases (the migrations are tried out in one). With `live`, any. */
  url: string;
  /** One or more Prisma files that together make the schema; a datasource block is added when none has one. */
  schemaFiles: string[];
  /** Migration folders; their union, sorted by name, is what the schema is compared with. */
  migrationDirs?: string[];
  /** Compare with the tables of this live schema instead of with the migrations. `_prisma_migrations` is left out. */
  live?: { url: string; schema: string };
}

type File = { path: string; content: string };

const DATASOURCE: File = { path: 'datasource.prisma', content: 'datasource db {\n  provider = "postgresql"\n}\n' };

/**
 * What the migrations, or the live database, still lack of the Prisma schema, as SQL; null when they agree. CHECKs,
 * partial indexes and grants, which Prisma's language cannot say, are not seen. Rejects when a migration does not run.
 */
export async function schemaDiff(input: SchemaDiffInput): Promise<string | null> {
  const files = read(input.schemaFiles);
  const { SchemaEngine } = await schemaEngine();
  const { live } = input;
  const factory = bindMigrationAwareSqlAdapterFactory(schemaAdapter(live ?? { url: input.url }));
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
