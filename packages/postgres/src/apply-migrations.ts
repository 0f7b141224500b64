import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { type Migration, readMigrations } from './migration-folder.ts';

/**
 * The advisory lock of Prisma Migrate. With it, replicas that start together and a person running Prisma's tools wait
 * for each other.
 */
const PRISMA_LOCK = 72707369;

/**
 * A migration cannot be applied: it failed, or the migrations applied before are not those in the folders. The message
 * tells the operator what to do.
 */
export class MigrationError extends Error {
  override name = 'MigrationError';
}

/**
 * Applies the migrations of several Prisma folders that the database does not have yet, in the order of their names,
 * each in one transaction, and records them in `_prisma_migrations` as `prisma migrate deploy` does. Several processes
 * may call it at once.
 *
 * Tables are created in the schema of the connecting role (its `search_path`). A migration that cannot run inside a
 * transaction (CREATE INDEX CONCURRENTLY) is not supported.
 *
 * @returns the names of the migrations that this call applied, in order @throws MigrationError when a migration fails
 * (it is then rolled back and not recorded), was edited after it had been applied, or is unfinished
 */
export async function applyMigrations(database: string | pg.Pool, dirs: string[]): Promise<string[]> {
  const migrations = await readMigrations(dirs);
  // a connection of its own, closed at the end, which releases the lock whatever happens
  const client = new pg.Client(typeof database === 'string' ? { connectionString: database } : { ...database.options });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [PRISMA_LOCK]);
    await client.query(HISTORY_TABLE);
    const pending = await findPending(client, migrations);
    for (const migration of pending) await apply(client, migration);
    return pending.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

/**
 * The names of the migrations in these folders that the database does not have yet, in order. Changes nothing.
 *
 * @throws MigrationError as {@link applyMigrations} does
 */
export async function pendingMigrations(database: Pick<pg.Pool, 'query'>, dirs: string[]): Promise<string[]> {
  return pendingOf(database, await readMigrations(dirs));
}

/** {@link pendingMigrations} for whoever looks again and again: the files are read once, by {@link readMigrations}. */
export async function pendingOf(database: Pick<pg.Pool, 'query'>, migrations: readonly Migration[]): Promise<string[]> {
  const { rows } = await database.query<{ there: boolean }>(
    `select to_regclass('_prisma_migrations') is not null as there`,
  );
  const pending = rows[0]?.there === true ? await findPending(database, migrations) : migrations;
  return pending.map(({ name }) => name);
}

const HISTORY_TABLE = `create table if not exists _prisma_migrations (
  id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz,
    migration_name varchar(255) not null, logs text,
  rolled_back_at timestamptz, started_at timestamptz not null default now(), applied_steps_count integer not null
    default 0)`;

interface HistoryRow {
  name: string;
  checksum: string;
  finished: boolean;
}

async function findPending(client: Pick<pg.Pool, 'query'>, migrations: readonly Migration[]): Promise<Migration[]> {
  const { rows } = await client.query<HistoryRow>(
    `select migration_name as name, checksum, finished_at is not null as finished from _prisma_migrations
      where rolled_back_at is null`,
  );
  const history = new Map(rows.map((row) => [row.name, row]));
  return migrations.filter(({ name, checksum }) => {
    const row = history.get(name);
    if (row === undefined) return true;
    if (!row.finished)
      throw new MigrationError(
        `Migration ${name} was begun by another tool and never finished; repair the database, then resolve it there.`,
      );
    if (row.checksum !== checksum)
      throw new MigrationError(
        `Migration ${name} was edited after it was applied; restore the file and put the change into a new migration.`,
      );
    return false;
  });
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  try {
    await client.query('begin');
    await client.query(sql);
    await client.query(
      `insert into _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
        values ($1, $2, $3, clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('commit');
  } catch (cause) {
    await client.query('rollback').catch(() => undefined); // the connection itself may have broken
    throw new MigrationError(`Migration ${name} failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
