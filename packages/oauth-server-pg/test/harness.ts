import { ageRows, createInstance, type Embedded, sharedEmbedded } from '@chatelaine/dev-postgres';
import { applyMigrations } from '@chatelaine/postgres';
import type { StorageHarness } from '@chatelaine/oauth-server-contract';
import pg from 'pg';
import { createPgStorage, migrationsDir } from '../src/index.ts';

export interface PgHarness extends StorageHarness {
  readonly pools: readonly [pg.Pool, pg.Pool];
}

/** The kernel's tables in a database of their own, and two replicas on it. */
export async function startHarness(server: Embedded): Promise<PgHarness> {
  const instance = await createInstance(server, { role: 'kernel', dirs: [migrationsDir], apply: applyMigrations });
  const pools = [openPool(instance.url), openPool(instance.url)] as const;
  return {
    pools,
    replicas: [createPgStorage(pools[0]), createPgStorage(pools[1])],
    age: (seconds) => ageRows(pools[0], { tables: 'oauth\\_%', seconds }),
    async stop() {
      await Promise.all(pools.map((pool) => pool.end()));
      await instance.drop();
    },
  };
}

/** The same on the Postgres that test files share. */
export async function startSharedHarness(): Promise<PgHarness & { readonly server: Embedded }> {
  const server = await sharedEmbedded();
  const harness = await startHarness(server);
  return {
    ...harness,
    server,
    async stop() {
      await harness.stop();
      await server.stop();
    },
  };
}

function openPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 12 });
  // the server may close idle connections without failing a test
  pool.on('error', () => undefined);
  return pool;
}
