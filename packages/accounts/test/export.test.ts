import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createInstance, type Embedded, type Instance, sharedEmbedded } from '@chatelaine/dev-postgres';
import { applyMigrations, openPool, type Pool } from '@chatelaine/postgres';
import { Browser, eventually, tokenFor, unzip } from '@chatelaine/test-kit';
import { accountMigrations, type ExportFile, inParts, jsonList } from '../src/index.ts';
import { startService, type TestService } from './support/service.tsx';

let server: Embedded;
let instance: Instance;
let pool: Pool;
let service: TestService;
let ada: Browser;
let files: (owner: string) => AsyncIterable<ExportFile>;

beforeAll(async () => {
  server = await sharedEmbedded();
});
afterAll(() => server.stop());
beforeEach(async () => {
  instance = await createInstance(server, { role: 'inn', dirs: [accountMigrations], apply: applyMigrations });
  pool = openPool({ url: instance.url, name: 'test' });
  service = await startService({
    pool,
    account: {
      passwords: { memoryCost: 1024 },
      exported: ({ id }) => files(id),
      limits: { export: { tries: 2, seconds: 3_600 } },
    },
  });
  ada = await new Browser(service.origin).signUp('ada');
  files = async function* (owner) {
    yield { path: 'rooms.json', content: () => jsonList(rooms(2_500)) };
    yield {
      path: 'owner.txt',
      async *content() {
        yield owner;
      },
    };
  };
});
afterEach(async () => {
  await service.app.close();
  await pool.end();
  await instance.drop();
});

const rooms = (count: number) =>
  inParts(
    async (after: number) => Array.from({ length: Math.min(500, count - after) }, (_, n) => ({ room: after + n + 1 })),
    {
      first: 0,
      keyOf: ({ room }) => room,
    },
  );
const download = (browser = ada) => browser.submit('/account/export', '/account/export');

test('an export is one archive with all of somebody’s lists, and without credentials', async () => {
  await ada.submit('/account/recovery', '/account/recovery');
  const answer = await download();
  expect([answer.status, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([
    200,
    'application/zip',
    'no-store',
  ]);
  expect(answer.headers['content-disposition']).toMatch(/^attachment; filename="ada-\d{4}-\d\d-\d\d\.zip"$/);
  const got = unzip(answer.bytes);
  expect([...got.keys()]).toEqual(['account.json', 'rooms.json', 'owner.txt']);
  expect((JSON.parse(String(got.get('rooms.json'))) as unknown[]).length).toBe(2_500);
  const account = JSON.parse(String(got.get('account.json'))) as Record<string, unknown>;
  expect(account).toMatchObject({
    username: 'ada',
    has_password: true,
    passkeys: [],
    sessions: [{ how: { method: 'password' } }],
  });
  const { rows } = await pool.query<{ secret: string }>(
    `select password_hash as secret from account union all select encode(hash, 'hex') from recovery_code
      union all select encode(id_hash, 'hex') from session`,
  );
  for (const { secret } of rows) for (const bytes of got.values()) expect(String(bytes)).not.toContain(secret);
});

test('an empty list is a valid list', async () => {
  files = async function* () {
    yield { path: 'rooms.json', content: () => jsonList(rooms(0)) };
  };
  expect(JSON.parse(String(unzip((await download()).bytes).get('rooms.json')))).toEqual([]);
});

test('an export of many files keeps none of them in memory', async () => {
  const warned: string[] = [];
  const listen = ({ name }: Error): void => void warned.push(name);
  process.on('warning', listen);
  files = async function* () {
    for (let n = 0; n < 40; n++) {
      yield {
        path: `${n}.txt`,
        async *content() {
          yield String(n);
        },
      };
    }
  };
  expect(unzip((await download()).bytes).size).toBe(41);
  process.off('warning', listen);
  expect(warned).toEqual([]);
});

test('an export that fails midway is an incomplete archive, and is logged', async () => {
  files = async function* () {
    yield {
      path: 'rooms.json',
      async *content() {
        yield '[';
        throw new Error('the list is gone');
      },
    };
  };
  const got = await download().then(
    ({ bytes }) => bytes,
    () => Buffer.alloc(0),
  );
  expect(() => unzip(got)).toThrow();
  await eventually(() => service.log.some(({ msg }) => msg === 'an export broke off'));
  expect((await ada.get('/rooms')).status).toBe(200);
});

test('an export requires a fresh sign-in, its form’s token and its session, and is limited per hour', async () => {
  expect((await new Browser(service.origin).get('/account/export')).headers['location']).toMatch(/^\/sign-in/);
  expect((await ada.post('/account/export', {})).status).toBe(403);
  const eve = await new Browser(service.origin).signUp('eve');
  expect(String(unzip((await download(eve)).bytes).get('account.json'))).toContain('"eve"');
  const statuses = [];
  for (let n = 0; n < 3; n++) statuses.push((await download()).status);
  expect(statuses).toEqual([200, 200, 429]);
  const form = { _csrf: tokenFor((await ada.get('/account')).text, '/sign-out') };
  await pool.query("update session set created_at = now() - interval '1 hour'");
  expect((await ada.post('/account/export', form)).headers['location']).toMatch(/^\/account\/confirm/);
});
