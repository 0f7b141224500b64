import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createInstance, type Embedded, type Instance, sharedEmbedded } from '@chatelaine/dev-postgres';
import { applyMigrations, openPool, type Pool } from '@chatelaine/postgres';
import { migrationsDir, reap } from '../src/index.ts';
import { type Answer, Browser, FORM, tokenFor } from '@chatelaine/test-kit';
import { startService, type TestService } from './support/service.tsx';

const PASSWORD = 'a long enough one';

let server: Embedded;
let instance: Instance;
let pool: Pool;
let service: TestService;
let browser: Browser;

beforeAll(async () => {
  server = await sharedEmbedded();
});
afterAll(() => server.stop());
beforeEach(async () => {
  instance = await createInstance(server, { role: 'inn', dirs: [migrationsDir], apply: applyMigrations });
  pool = openPool({ url: instance.url, name: 'test' });
  service = await startService({ pool });
  browser = new Browser(service.origin);
});
afterEach(async () => {
  await service.app.close();
  await pool.end();
  await instance.drop();
});

const signUp = (username: string, in_ = browser) =>
  in_.submit('/sign-up', '/sign-up', { username, password: PASSWORD });
const signIn = (username: string, password: string, in_ = browser) =>
  in_.submit('/sign-in', '/sign-in', { username, password });
/** From the address that a proxy would name. */
const from = (address: string, way: '/sign-up' | '/sign-in', username: string) =>
  new Browser(service.origin).submit(way, way, { username, password: PASSWORD }, { 'x-forwarded-for': address });
const session = () => browser.cookies.get('inn-session') ?? '';

describe('signing up, in and out', () => {
  test('an account is made, signed in, named on the page, signed out and signed in again', async () => {
    expect((await browser.get('/rooms')).headers['location']).toBe('/sign-in?return_to=%2Frooms');
    const made = await signUp('ada');
    expect([made.status, made.headers['location']]).toEqual([303, '/rooms']);
    expect((await browser.get('/rooms')).text).toContain('Rooms of ada');
    const out = await browser.submit('/rooms', '/sign-out', {});
    expect([out.status, out.headers['location']]).toEqual([303, '/']);
    expect((await browser.get('/rooms')).status).toBe(303);
    const back = await browser.submit('/sign-in?return_to=/rooms%3Fa%3D1', '/sign-in', {
      username: 'Ada ',
      password: PASSWORD,
      return_to: '/rooms?a=1',
    });
    expect([back.status, back.headers['location']]).toEqual([303, '/rooms?a=1']);
  });

  test('leave a window the one that opened it, which may wait for its app’s answer; no other page does', async () => {
    const opener = ({ headers }: Answer) => headers['cross-origin-opener-policy'];
    const onTheWay = [
      await browser.get('/sign-in?return_to=%2Frooms'),
      await browser.get('/sign-up'),
      await signIn('nobody', PASSWORD),
      await signUp('ada'),
      await browser.get('/sign-in'),
    ];
    expect(onTheWay.map(({ status }) => status)).toEqual([200, 200, 400, 303, 303]);
    expect(onTheWay.map(opener)).toEqual(onTheWay.map(() => undefined));
    expect(opener(await browser.get('/rooms'))).toBe('same-origin');
  });

  test('a username that is taken or breaks the rules, and a short password, are said beside the field', async () => {
    await signUp('ada');
    const other = new Browser(service.origin);
    expect((await signUp('ADA', other)).text).toContain('This username is taken');
    for (const name of ['ab', '1ada', 'ада', 'a b c', '<b>x</b>']) expect((await signUp(name, other)).status).toBe(400);
    const short = await other.submit('/sign-up', '/sign-up', { username: 'bob', password: 'short' });
    expect([short.status, short.text.includes('at least 10 characters')]).toEqual([400, true]);
    const { rows } = await pool.query('select username from account');
    expect(rows).toEqual([{ username: 'ada' }]);
  });

  test('the password is stored as argon2id with 19 MiB, two passes, one lane', async () => {
    await signUp('ada');
    const { rows } = await pool.query<{ password_hash: string }>('select password_hash from account');
    expect(rows[0]?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,(t=2,p=1|p=1,t=2)\$/);
  });

  test('an unknown user and a wrong password get the same answer', async () => {
    await signUp('ada');
    const a = await signIn('ada', 'not the password', new Browser(service.origin));
    const b = await signIn('bob', 'not the password', new Browser(service.origin));
    const plain = (text: string) => text.replaceAll(/value="[^"]*"/g, '');
    expect([a.status, plain(a.text)]).toEqual([b.status, plain(b.text)]);
    expect(a.text).toContain('Username or password is not right.');
  });

  test('whatever is typed shows inert', async () => {
    const page = await signIn('"><script>alert(1)</script>', 'x');
    expect(page.text).not.toContain('<script');
  });
});

describe('sessions', () => {
  test('visitors get no session, and cost no row', async () => {
    await browser.get('/sign-in');
    expect([session(), (await pool.query('select 1 from session')).rowCount]).toEqual(['', 0]);
  });

  test('the id changes at sign-in and the old one is dead', async () => {
    await signUp('ada');
    const before = session();
    // signing in once more, over the session: a fixed id must not survive
    const token = tokenFor((await browser.get('/rooms')).text, '/sign-out');
    await browser.post('/sign-in', { _csrf: token, username: 'ada', password: PASSWORD });
    expect(session()).not.toBe(before);
    const thief = new Browser(service.origin);
    thief.cookies.set('inn-session', before);
    expect((await thief.get('/rooms')).status).toBe(303);
    expect((await browser.get('/rooms')).status).toBe(200);
  });

  test('an id chosen by somebody else is not taken up', async () => {
    browser.cookies.set('inn-session', 'chosen-by-an-attacker.c2lnbmF0dXJl');
    await signUp('ada');
    expect(session()).not.toContain('chosen-by-an-attacker');
  });

  test('a signed-out session is refused, also when a request was still under way', async () => {
    let slowIsIn = () => undefined as void;
    let letGo = () => undefined as void;
    const arrived = new Promise<void>((resolve) => (slowIsIn = resolve));
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    await service.app.close();
    service = await startService({
      pool,
      routes: async (app) => {
        app.get('/slow', async (request) => {
          slowIsIn();
          await gate;
          Object.assign(request.session, { seen: 'something new' }); // makes the library save the session at the end
          return { ok: true };
        });
      },
    });
    browser = new Browser(service.origin);
    await signUp('ada');
    const cookie = session();
    const slow = browser.get('/slow');
    await arrived;
    await openBrowserWith(cookie).submit('/rooms', '/sign-out', {});
    letGo();
    await slow;
    expect((await openBrowserWith(cookie).get('/rooms')).status).toBe(303);
    expect((await pool.query('select 1 from session')).rowCount).toBe(0);
  });

  test('the table holds the SHA-256 of the id and nothing to sign in with', async () => {
    await signUp('ada');
    const id = decodeURIComponent(session()).split('.')[0] ?? '';
    const { rows } = await pool.query<{ row: string }>('select row_to_json(session)::text as row from session');
    expect(id.length).toBeGreaterThan(20);
    expect(rows[0]?.row).not.toContain(id);
    expect(JSON.stringify(service.log)).not.toContain(id);
  });

  test('it ends 12 hours after the last request and 7 days after sign-in, by the database’s clock, and is reaped', async () => {
    await signUp('ada');
    await pool.query("update session set seen_at = now() - interval '11 hours'");
    expect((await browser.get('/rooms')).status).toBe(200);
    expect((await pool.query("select 1 from session where seen_at > now() - interval '1 minute'")).rowCount).toBe(1);
    await pool.query("update session set seen_at = now() - interval '13 hours'");
    expect((await browser.get('/rooms')).status).toBe(303);
    // that one is forgotten by the browser, too: what is too old is looked at with another
    await signUp('bob');
    await pool.query("update session set seen_at = now(), created_at = now() - interval '6 days'");
    expect((await browser.get('/rooms')).status).toBe(200);
    await pool.query("update session set seen_at = now(), created_at = now() - interval '8 days'");
    expect((await browser.get('/rooms')).status).toBe(303);
    expect(await reap(pool, { idle: 43_200, absolute: 604_800 })).toEqual({ sessions: 2, counters: 0 });
  });

  test('the cookie is HttpOnly and Lax; with an https issuer it is __Host- and Secure', async () => {
    const made = await signUp('ada');
    expect(made.headers['set-cookie']?.find((line) => line.startsWith('inn-session='))).toMatch(
      /; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const secure = await startService({ pool, issuer: 'https://inn.example' });
    const answer = await signUp('bob', new Browser(secure.origin));
    const line = answer.headers['set-cookie']?.find((one) => one.startsWith('__Host-inn-session='));
    expect(line).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    expect(line).not.toMatch(/domain/i);
    await secure.app.close();
  });

  test('what a service puts into it is there next time, also behind a proxy that ends TLS', async () => {
    const secure = await startService({
      pool,
      issuer: 'https://inn.example',
      routes: async (app) => {
        app.get('/put', async (request) => Object.assign(request.session, { note: 'kept' }) && {});
        app.get('/take', async (request) => ({ note: (request.session as { note?: string }).note }));
      },
    });
    const visitor = new Browser(secure.origin);
    await signUp('ada', visitor);
    await visitor.get('/put');
    expect((await visitor.get('/take')).json).toEqual({ note: 'kept' });
    await secure.app.close();
  });
});

function openBrowserWith(cookie: string): Browser {
  const other = browser.at(service.origin);
  other.cookies.set('inn-session', cookie);
  return other;
}

describe('forms', () => {
  const body = (token: string) => ({ _csrf: token, username: 'ada', password: PASSWORD });

  test.each(['/sign-in', '/sign-up', '/sign-out', '/rooms'])(
    '%s without a token, or with another browser’s, is 403 and says what to do',
    async (path) => {
      await signUp('bob');
      const foreign = new Browser(service.origin);
      await signUp('eve', foreign);
      const foreignToken = tokenFor((await foreign.get('/rooms')).text, '/rooms');
      for (const token of ['', 'x', foreignToken]) {
        const answer = await browser.post(path, body(token));
        expect([answer.status, answer.text.includes('reload the page')]).toEqual([403, true]);
      }
    },
  );

  test('a token from before sign-in, or of the session before, is dead after it', async () => {
    const early = tokenFor((await browser.get('/sign-in')).text, '/sign-in');
    await signUp('ada');
    expect((await browser.post('/rooms', body(early))).status).toBe(403);
    const first = tokenFor((await browser.get('/rooms')).text, '/rooms');
    await browser.post('/sign-in', body(first));
    expect((await browser.post('/rooms', body(first))).status).toBe(403);
  });

  test('the token of a page works for each of its forms', async () => {
    await signUp('ada');
    const page = (await browser.get('/rooms')).text;
    expect(tokenFor(page, '/rooms')).toBe(tokenFor(page, '/sign-out'));
    expect((await browser.post('/rooms', body(tokenFor(page, '/rooms')))).status).toBe(200);
  });

  test.each<[Record<string, string>, number]>([
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null', 'sec-fetch-site': 'cross-site' }, 403],
    [{ origin: 'null' }, 200], // the same from browsers without Fetch Metadata: the form's token alone decides
    [{ origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }, 403],
    [{ origin: 'null', 'sec-fetch-site': 'same-origin' }, 200], // what browsers send under Referrer-Policy: no-referrer
    [{ origin: 'http://127.0.0.1:1' }, 200],
  ])('a good token with %j is %i', async (headers, status) => {
    await signUp('ada');
    expect((await browser.submit('/rooms', '/rooms', { a: '1' }, headers)).status).toBe(status);
  });

  test('Origin: null without Fetch Metadata needs the token of the same session', async () => {
    await signUp('ada');
    const foreign = tokenFor((await browser.get('/rooms')).text, '/rooms');
    const own = new Browser(service.origin);
    await own.submit('/sign-up', '/sign-up', { username: 'bob', password: PASSWORD });
    for (const token of ['', foreign])
      expect((await own.post('/rooms', body(token), { origin: 'null' })).status).toBe(403);
  });

  test('a route outside of pages does nothing on the strength of the cookie', async () => {
    await signUp('ada');
    expect((await browser.post('/api/careless', 'a=1')).status).toBe(500);
  });

  test.each([
    ['a name given twice', 'username=a&username=b'],
    ['invalid UTF-8', 'username=%ff%fe'],
    ['a broken escape', 'username=%zz'],
    ['NUL', 'username=a%00b'],
    ['too many pairs', Array.from({ length: 1001 }, (_, n) => `k${n}=1`).join('&')],
  ])('%s is a 400 page', async (_what, form) => {
    const token = tokenFor((await browser.get('/sign-in')).text, '/sign-in');
    const answer = await browser.post('/sign-in', `_csrf=${token}&${form}`);
    expect([answer.status, answer.headers['content-type']]).toEqual([400, 'text/html; charset=utf-8']);
  });

  test.each([['application/json'], ['text/plain'], ['multipart/form-data; boundary=x']])(
    '%s to a form is 415',
    async (type) => {
      expect((await browser.post('/sign-in', '{}', { 'content-type': type })).status).toBe(415);
    },
  );

  test('no body at all is 415, a body over 64 KB is 413', async () => {
    expect((await browser.post('/sign-in', '', { 'content-type': '' })).status).toBe(415);
    expect((await browser.post('/sign-in', `a=${'x'.repeat(70_000)}`)).status).toBe(413);
    expect((await browser.post('/sign-in', 'a=1', { 'content-type': `${FORM}; charset=utf-8` })).status).toBe(403);
  });
});

describe('brute force', () => {
  test('after 5 wrong passwords the right one is refused too, with Retry-After; another address is not locked out', async () => {
    await signUp('ada');
    const tries = new Browser(service.origin);
    for (let n = 0; n < 5; n++) expect((await signIn('ada', `wrong ${n} wrong`, tries)).status).toBe(400);
    const blocked = await signIn('ada', PASSWORD, tries);
    expect(blocked.status).toBe(429);
    expect(Number(blocked.headers['retry-after'])).toBeGreaterThan(600);
    expect(blocked.text).toContain('too many tries');
    // counters survive a restart
    await service.app.close();
    service = await startService({ pool, trustedProxies: ['127.0.0.1'] });
    expect((await signIn('ada', PASSWORD, new Browser(service.origin))).status).toBe(429);
    expect((await from('203.0.113.9', '/sign-in', 'ada')).status).toBe(303);
  });

  test('parallel tries are counted one by one', async () => {
    await signUp('ada');
    const tries = new Browser(service.origin);
    await tries.get('/sign-in');
    const page = await tries.get('/sign-in');
    const form = { _csrf: tokenFor(page.text, '/sign-in'), username: 'ada', password: 'wrong wrong wrong' };
    const answers = await Promise.all(Array.from({ length: 12 }, () => tries.post('/sign-in', form)));
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(7);
  });

  test('signing in rightly does not use up tries', async () => {
    await signUp('ada');
    for (let n = 0; n < 8; n++) expect((await signIn('ada', PASSWORD, new Browser(service.origin))).status).toBe(303);
  });

  test('X-Forwarded-For is not believed from anybody', async () => {
    await service.app.close();
    service = await startService({ pool, account: { limits: { signUpFromAddress: { tries: 1, seconds: 60 } } } });
    expect((await from('203.0.113.1', '/sign-up', 'ada')).status).toBe(303);
    expect((await from('203.0.113.2', '/sign-up', 'bob')).status).toBe(429);
  });

  test('one IPv6 network is one address', async () => {
    await service.app.close();
    service = await startService({
      pool,
      trustedProxies: ['127.0.0.1'],
      account: { limits: { signUpFromAddress: { tries: 1, seconds: 60 } } },
    });
    expect((await from('2001:db8:1:2::1', '/sign-up', 'ada')).status).toBe(303);
    expect((await from('2001:DB8:1:2:ffff::2', '/sign-up', 'bob')).status).toBe(429);
    expect((await from('2001:db8:1:3::1', '/sign-up', 'cyd')).status).toBe(303);
    expect((await from('::ffff:203.0.113.7', '/sign-up', 'dee')).status).toBe(303);
    expect((await from('203.0.113.7', '/sign-up', 'eli')).status).toBe(429);
  });

  test('a site’s networks are counted together, and so are all that sign up', async () => {
    await service.app.close();
    const limits = { signUpFromNetwork: { tries: 2, seconds: 60 }, signUpInAll: { tries: 4, seconds: 60 } };
    service = await startService({ pool, trustedProxies: ['127.0.0.1'], account: { limits } });
    const statuses: number[] = [];
    for (const [n, ip] of [
      '2001:db8:1:1::1',
      '2001:db8:1:2::1',
      '2001:db8:1:3::1',
      '2001:db8:2::1',
      '203.0.113.1',
      '203.0.113.2',
    ].entries())
      statuses.push((await from(ip, '/sign-up', `person${n}`)).status);
    expect(statuses).toEqual([303, 303, 429, 303, 303, 429]);
  });

  test('when too many wait for the hash, the next is told to come back', async () => {
    await service.app.close();
    service = await startService({
      pool,
      account: { passwords: { parallel: 1, queue: 1 }, limits: { signIn: { tries: 100, seconds: 60 } } },
    });
    const tries = new Browser(service.origin);
    await tries.get('/sign-in');
    const token = tokenFor((await tries.get('/sign-in')).text, '/sign-in');
    const form = { _csrf: token, username: 'ada', password: 'wrong wrong wrong' };
    const answers = await Promise.all(Array.from({ length: 10 }, () => tries.post('/sign-in', form)));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.headers['retry-after']).toBe('3');
    expect(answers.filter(({ status }) => status === 400).length).toBeGreaterThan(0);
  });
});

describe('return_to', () => {
  test('never leads away from this site after signing in', async () => {
    await signUp('ada');
    for (const returnTo of ['//evil.example', '/\\evil.example', '/.//evil.example']) {
      const answer = await new Browser(service.origin).submit('/sign-in', '/sign-in', {
        username: 'ada',
        password: PASSWORD,
        return_to: returnTo,
      });
      expect([answer.status, answer.headers['location']]).toEqual([303, '/rooms']);
    }
  });
});
