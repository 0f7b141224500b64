import { expect, test } from '@jest/globals';
import type { Pool } from '@chatelaine/postgres';
import { Browser, eventually, PASSWORD, tokenFor } from '@chatelaine/test-kit';
import type { Erasure } from '../src/index.ts';
import { onFreshDatabase } from './support/database.ts';
import { type MailServer, startMailServer } from '@chatelaine/test-kit/mail-server';
import { startService, type TestService } from './support/service.tsx';

const ISSUER = 'https://inn.example';

let mail: MailServer;
let pool: Pool;
let service: TestService;
let ada: Browser;
let steps: string[];
let end: () => Promise<void>;
let erasure: Erasure;
let erase: (id: string) => Promise<Erasure>;

onFreshDatabase({
  async begin(fresh) {
    pool = fresh;
    mail = await startMailServer();
    steps = [];
    end = async () => undefined;
    erasure = { kind: 'done' };
    erase = async () => erasure;
    service = await start();
    ada = await new Browser(service.origin).signUp('ada');
  },
  async end() {
    await service.app.close();
    await mail.close();
  },
});

const start = () =>
  startService({
    pool,
    issuer: ISSUER,
    account: {
      passwords: { memoryCost: 1024 },
      mail: { url: mail.url, from: 'inn@inn.example' },
      erasing: {
        async end(id) {
          const { rowCount } = await pool.query('select 1 from account where id = $1', [id]);
          steps.push(`end, account ${rowCount === 1 ? 'there' : 'gone'}`);
          await end();
        },
        async erase(id) {
          steps.push('erase');
          return erase(id);
        },
      },
    },
  });
const remove = (confirmation = 'ada', browser = ada) =>
  browser.submit('/account/delete', '/account/delete', { confirmation });
const count = async (table: string): Promise<number> => (await pool.query(`select 1 from ${table}`)).rowCount ?? 0;

test('everything ends while the account exists; then it is deleted, then all that is stored of it', async () => {
  await ada.submit('/account/recovery', '/account/recovery');
  const answer = await remove(' ADA');
  expect(answer.headers['location']).toMatch(/^\/account\/deleted\?token=[\w-]{43}$/);
  // the job that continues deletions may repeat each
  expect([...new Set(steps)]).toEqual(['end, account there', 'end, account gone', 'erase']);
  for (const table of ['account', 'session', 'recovery_code']) expect([table, await count(table)]).toEqual([table, 0]);
  expect((await ada.get(String(answer.headers['location']))).words).toContain('Your account is deleted');
  expect((await ada.get('/rooms')).status).toBe(303);
  const tried = await new Browser(service.origin).submit('/sign-in', '/sign-in', {
    username: 'ada',
    password: PASSWORD,
  });
  expect(tried.status).toBe(400);
  const { rows } = await pool.query('select account_id, done_at is not null as done from account_deletion');
  expect(rows).toEqual([{ account_id: null, done: true }]);
});

test('the page says who is still to be notified while the deletion goes on, and when it is done', async () => {
  erasure = { kind: 'waiting', for: ['Photos'] };
  const { location = '' } = (await remove()).headers;
  const visitor = new Browser(service.origin);
  expect((await visitor.get(location)).words).toMatch(/is being deleted.*Photos/);
  erasure = { kind: 'done' };
  await eventually(
    async () => (await pool.query('select 1 from account_deletion where done_at is not null')).rowCount === 1,
  );
  expect((await visitor.get(location)).words).toContain('Nothing of it is left here');
});

test('if something cannot be ended nothing is deleted, and it can be tried again', async () => {
  end = () => Promise.reject(new Error('the database is away'));
  expect((await remove()).status).toBe(500);
  expect([await count('account'), await count('account_deletion')]).toEqual([1, 0]);
  expect((await ada.get('/rooms')).status).toBe(200);
  end = async () => undefined;
  expect((await remove()).status).toBe(303);
});

test('one that cannot be completed yet is answered all the same, and holds up no other', async () => {
  const eve = await new Browser(service.origin).signUp('eve');
  const { rows } = await pool.query<{ id: string }>("select id from account where username = 'ada'");
  erase = async (id) => (id === rows[0]?.id ? Promise.reject(new Error('it is in use')) : erasure);
  erasure = { kind: 'waiting', for: [] };
  expect((await remove()).status).toBe(303);
  expect((await remove('eve', eve)).status).toBe(303);
  const done = async () => (await pool.query('select 1 from account_deletion where done_at is not null')).rowCount;
  expect(await done()).toBe(0);
  erasure = { kind: 'done' };
  await eventually(async () => (await done()) === 1);
  erase = async () => erasure;
  await eventually(async () => (await done()) === 2);
});

test('if a process ends in the middle the next one continues', async () => {
  erasure = { kind: 'waiting', for: [] };
  await remove();
  await service.app.close();
  erasure = { kind: 'done' };
  service = await start();
  await eventually(
    async () => (await pool.query('select 1 from account_deletion where done_at is not null')).rowCount === 1,
  );
});

test('it requires the username, a fresh sign-in and the form’s token, and is for one’s own account only', async () => {
  const eve = await new Browser(service.origin).signUp('eve');
  for (const wrong of ['', 'yes', 'eve']) expect((await remove(wrong)).status).toBe(400);
  expect((await ada.post('/account/delete', { confirmation: 'ada' })).status).toBe(403);
  const foreign = tokenFor((await eve.get('/account')).text, '/sign-out');
  expect((await ada.post('/account/delete', { _csrf: foreign, confirmation: 'ada' })).status).toBe(403);
  const form = { _csrf: tokenFor((await ada.get('/account')).text, '/sign-out'), confirmation: 'ada' };
  await pool.query("update session set created_at = now() - interval '1 hour'");
  expect((await ada.post('/account/delete', form)).headers['location']).toMatch(/^\/account\/confirm/);
  expect([steps, await count('account')]).toEqual([[], 2]);
});

test('sent twice it is done once, and an invented link shows nothing', async () => {
  const form = { _csrf: tokenFor((await ada.get('/account/delete')).text, '/account/delete'), confirmation: 'ada' };
  const answers = await Promise.all([
    ada.post('/account/delete', form),
    ada.at(service.origin).post('/account/delete', form),
  ]);
  for (const { status } of answers) expect([303, 403]).toContain(status);
  expect(await count('account_deletion')).toBe(1);
  for (const token of ['', 'x', 'A'.repeat(43)])
    expect((await ada.get(`/account/deleted?token=${token}`)).status).toBe(404);
});

test('its owner is told by mail, with a link that begins with the issuer', async () => {
  await ada.submit('/account/email', '/account/email', { email: 'ada@example.com' });
  const [, path = ''] = /https:\/\/inn\.example(\S+)/.exec((await mail.arrived(1)).text) ?? [];
  await ada.submit(path, '/account/email/confirm');
  const { location = '' } = (await remove()).headers;
  const received = await mail.arrived(2);
  expect([received.to, received.header['subject']]).toEqual([
    ['ada@example.com'],
    'Your account at The Inn is deleted',
  ]);
  expect(received.text).toContain(`https://inn.example${location}`);
});
