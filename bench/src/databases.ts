import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInstance, createTestDatabase, type Embedded, startEmbedded } from '@chatelaine/dev-postgres';
import { applyMigrations } from '@chatelaine/postgres';
import { migrationsDir } from '@chatelaine/oauth-server-pg';
import pg from 'pg';
import { OIDC_TABLE } from './oidc-adapter.ts';

/** One durable Postgres (fsync, synchronous_commit) with a database for each server that is measured. */
export interface Databases {
  readonly version: string;
  kernel(): Promise<string>;
  oidc(): Promise<string>;
  /** A database for a chain, whose services create their own tables. */
  chain(): Promise<(role: string) => string>;
  /** A database with the tables of `schema`; by default none. */
  other(role: string, schema?: string): Promise<string>;
  /** The same database, as its superuser. */
  superuser(url: string): string;
  /**
   * Analyzes all databases, as autovacuum does within a minute after they have grown. Until then Postgres keeps plans
   * that it has made for empty tables.
   */
  analyze(): Promise<void>;
  /** How many transactions in all databases, during the given work, were flushed to disk before they were answered. */
  durableCommits(during: () => Promise<unknown>): Promise<number>;
  stop(): Promise<void>;
}

export async function startDatabases(): Promise<Databases> {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'chatelaine-bench-'));
  // whatever ends this process; Postgres itself is stopped by its watchdog
  process.once('exit', () => fs.rmSync(dataDir, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const server: Embedded = await startEmbedded({ dataDir });
  return {
    version: await versionOf(server),
    kernel: async () =>
      (await createInstance(server, { role: 'kernel', dirs: [migrationsDir], apply: applyMigrations })).url,
    async oidc() {
      const { url } = await createInstance(server, { role: 'oidc', apply: async () => undefined });
      await asking(url, (client) => client.query(OIDC_TABLE));
      return url;
    },
    async chain() {
      const instances = [{ role: 'am' }, { role: 'photos' }];
      return (await createTestDatabase(server, { instances, apply: async () => undefined })).url;
    },
    async other(role, schema) {
      const { url } = await createInstance(server, { role, apply: async () => undefined });
      if (schema !== undefined) await asking(url, (client) => client.query(schema));
      return url;
    },
    async analyze() {
      const names = await asking(server.url('postgres'), async (client) => {
        const { rows } = await client.query<{ name: string }>(
          'select datname as name from pg_database where datallowconn and not datistemplate',
        );
        return rows.map(({ name }) => name);
      });
      for (const name of names)
        await asking(server.url('postgres', name), (client) => client.query('vacuum (analyze)'));
    },
    superuser: (url) => server.url('postgres', new URL(url).pathname.slice(1)),
    durableCommits: (during) =>
      asking(server.url('postgres'), async (client) => {
        await client.query('create extension if not exists pg_walinspect');
        const from = await markLog(client);
        await during();
        const to = await markLog(client);
        // a transaction that only writes unlogged tables has nothing but its commit in the log, and nobody waits for
        // that
        const { rows } = await client.query<{ count: number }>(
          `select count(distinct xid::text)::int as count from pg_get_wal_records_info($1, $2)
           where xid <> '0' and resource_manager <> 'Transaction'`,
          [from, to],
        );
        return rows[0]?.count ?? Number.NaN;
      }),
    stop: () => server.stop(),
  };
}

/**
 * The position of the write-ahead log, flushed up to there, between two records. The position up to which the log
 * happens to be flushed can be within a record, or have none after it; the log cannot be read from there.
 */
async function markLog(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ lsn: string }>(
    `select pg_logical_emit_message(false, 'bench', '', true)::text as lsn`,
  );
  return rows[0]?.lsn ?? '';
}

/** Runs `ask` with a connection of its own. */
export async function asking<T>(url: string, ask: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await ask(client);
  } finally {
    await client.end();
  }
}

/** The version; also makes sure that what is measured is durable. */
async function versionOf(server: Embedded): Promise<string> {
  const settings = await asking(server.url('postgres'), async (client) => {
    const { rows } = await client.query<{ name: string; setting: string }>(
      `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes',
        'server_version')`,
    );
    return new Map(rows.map(({ name, setting }) => [name, setting]));
  });
  for (const name of ['fsync', 'synchronous_commit', 'full_page_writes'])
    if (settings.get(name) !== 'on') throw new Error(`${name} is not on`);
  return settings.get('server_version') ?? '';
}
