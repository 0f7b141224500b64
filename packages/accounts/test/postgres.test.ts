import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createInstance, type Embedded, type Instance, schemaDiff, startEmbedded } from '@chatelaine/dev-postgres';
import { applyMigrations, openPool, type Pool } from '@chatelaine/postgres';
import { Browser, eventually } from '@chatelaine/test-kit';
import { keyMigrations, keySchema } from '@chatelaine/keys';
import { accountMigrations, accountSchema } from '../src/index.ts';
import { startService } from './support/service.tsx';

const dirs = [accountMigrations, keyMigrations];

let server: Embedded;
let instance: Instance;
let pool: Pool;

beforeAll(async () => {
  server = await startEmbedded();
  instance = await createInstance(server, { role: 'inn', dirs, apply: applyMigrations });
  pool = openPool({ url: instance.url, name: 'test' });
});
afterAll(async () => {
  await pool.end();
  await server.stop();
});

describe('the schema', () => {
  test('Prisma file, migrations and live database agree', async () => {
    const schemaFiles = [accountSchema, keySchema];
    const url = server.url('postgres');
    const fresh = await createInstance(server, { role: 'inn', dirs, apply: applyMigrations });
    expect(await schemaDiff({ url, schemaFiles, migrationDirs: dirs })).toBeNull();
    expect(await schemaDiff({ url, schemaFiles, live: { url: fresh.url, schema: 'inn' } })).toBeNull();
  });
});

describe('a database that cannot serve', () => {
  test('is 503 with Retry-After for programs and people, until it is back', async () => {
    const ready = { database: () => pool.query('select 1') };
    const service = await startService({ pool, ready, readyEverySeconds: 0.05 });
    service.app.log.level = 'silent';
    const browser = new Browser(service.origin);
    const form = (await browser.submit('/sign-up', '/sign-up', { username: 'ada', password: 'a long enough one' }))
      .status;
    expect(form).toBe(303);
    await server.crash();
    const page = await browser.get('/rooms', { accept: 'text/html' });
    expect([page.status, page.headers['retry-after']]).toEqual([503, '2']);
    await eventually(async () => (await browser.get('/readyz')).status === 503);
    expect((await browser.get('/healthz', { cookie: '' })).status).toBe(200);
    await server.restart();
    await eventually(async () => (await browser.get('/readyz')).status === 200);
    expect((await browser.get('/rooms')).status).toBe(200); // still signed in: the session was acknowledged
    await service.app.close();
  });
});
