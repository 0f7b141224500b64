import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { createInstance, type Embedded, type Instance, sharedEmbedded } from '@chatelaine/dev-postgres';
import { applyMigrations, openPool, type Pool } from '@chatelaine/postgres';
import { patience } from '@chatelaine/test-kit';
import { accountMigrations } from '../../src/index.ts';

/** Gives each test a database with the tables of accounts, and what `begin` starts on it. */
export function onFreshDatabase(each: { begin(pool: Pool): Promise<unknown>; end(): Promise<unknown> }): void {
  let server: Embedded;
  let instance: Instance;
  let pool: Pool;
  beforeAll(async () => {
    server = await sharedEmbedded();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    instance = await createInstance(server, { role: 'inn', dirs: [accountMigrations], apply: applyMigrations });
    pool = openPool({ url: instance.url, name: 'test', patience: Math.ceil(patience(10) / 1000) });
    await each.begin(pool);
  });
  afterEach(async () => {
    await each.end();
    await pool.end();
    await instance.drop();
  });
}
