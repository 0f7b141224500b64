import { createInstance, type Embedded } from '@chatelaine/dev-postgres';
import { applyMigrations } from '@chatelaine/migrations';
import type { StorageHarness } from '@chatelaine/oauth-server/contract';
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
    age: (seconds) => age(pools[0], seconds),
    async stop() {
      await Promise.all(pools.map((pool) => pool.end()));
      await instance.drop();
    },
  };
}

function openPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 12 });
  // an idle connection that the server closes is no failure of a test
  pool.on('error', () => undefined);
  return pool;
}

/** Every point in time that is stored moves into the past together, so that all of them keep their distances. */
async function age(pool: pg.Pool, seconds: number): Promise<void> {
  const { rows } = await pool.query<{ table_name: string; assignments: string }>(
    `select table_name, string_agg(format('%1$I = %1$I - $1::float8 * interval ''1 second''', column_name), ', ') as assignments
     from information_schema.columns
     where table_schema = current_schema and table_name like 'oauth\\_%' and data_type = 'timestamp with time zone'
     group by table_name`,
  );
  for (const { table_name, assignments } of rows)
    await pool.query(`update ${table_name} set ${assignments}`, [seconds]);
}
