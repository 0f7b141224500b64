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
  /** The services bring their own tables. */
  chain(): Promise<(role: string) => string>;
  stop(): Promise<void>;
}

export async function startDatabases(): Promise<Databases> {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'chatelaine-bench-'));
  // however this ends; Postgres itself is stopped by its watchdog
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
    stop: () => server.stop(),
  };
}

async function asking<T>(url: string, ask: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await ask(client);
  } finally {
    await client.end();
  }
}

/** Also makes sure that what is measured is durable. */
async function versionOf(server: Embedded): Promise<string> {
  const settings = await asking(server.url('postgres'), async (client) => {
    const { rows } = await client.query<{ name: string; setting: string }>(
      `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'server_version')`,
    );
    return new Map(rows.map(({ name, setting }) => [name, setting]));
  });
  for (const name of ['fsync', 'synchronous_commit', 'full_page_writes'])
    if (settings.get(name) !== 'on') throw new Error(`${name} is not on`);
  return settings.get('server_version') ?? '';
}
