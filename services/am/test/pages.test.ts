import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, Browser, postJson, send } from '@chatelaine/test-kit';
import { createWorld, eventually, makeConnection, makeLink, type Person, type World } from './support/world.ts';

let world: World;
let person: Person;

beforeAll(async () => {
  world = await createWorld();
  person = await world.person();
});
afterAll(() => world.close());

const page = async (path: string, browser = person.browser): Promise<string> => (await browser.get(path)).words;

describe('pages', () => {
  test('somebody not signed in sees what this is, and nothing else', async () => {
    const nobody = new Browser(world.am.port);
    expect(await page('/', nobody)).toContain('Your data never passes through here');
    for (const path of ['/asks', '/hosts', '/hosts/add', '/apps', '/apps/con_x', '/ends', '/timeline']) {
      const answer = await nobody.get(path);
      expect(answer.status).toBe(303);
      expect(answer.headers.location).toBe(`/sign-in?return_to=${encodeURIComponent(path)}`);
    }
  });

  test('somebody new is told how to begin, on every page', async () => {
    expect(await page('/')).toContain('Add your first service');
    expect(await page('/')).toContain('choose “connect my authorization manager” there');
    expect(await page('/')).toContain(world.issuer);
    expect(await page('/asks')).toContain('Nothing waits for you');
    expect(await page('/ends')).toContain('What you stop is listed here');
    expect(await page('/hosts')).toContain('A service is where your data is');
    expect(await page('/apps')).toContain('An app is listed here once it may use what you have');
    expect(await page('/timeline')).toContain('Nothing has happened yet');
  });

  test('the front page has what needs the owner first, then what they have and what was done with it', async () => {
    const linkId = await makeLink(world, person);
    const { id } = await makeConnection(world, person, [linkId]);
    const { pool } = world;
    const ask = (askId: string, state: string, expires: string) =>
      pool.query(
        `insert into ask (id, owner_id, connection_id, host_id, link_id, scopes, scope_key, state, expires_at)
         select $1, owner_id, $2, host_id, id, array['photos.read'], $1, $3, now() + $4::interval from link
           where id = $5`,
        [askId, id, state, expires, linkId],
      );
    await ask('ask_open', 'open', '1 day');
    await ask('ask_late', 'open', '-1 second');
    await ask('ask_done', 'closed', '1 day');
    await pool.query(
      `insert into transfer (bucket, id, owner_id, connection_id, link_id, host_id, client_id, resource, scopes, jkt,
        policy_version, state, closed_at)
       select 0, 'tr_1', owner_id, $1, id, host_id, 'c', 'r', array['photos.read'], 'j', 0, 'minted', now() from link
         where id = $2`,
      [id, linkId],
    );
    const answer = await person.browser.get('/');
    expect(answer.text).toContain('href="/asks/ask_open"');
    expect(answer.text).not.toMatch(/ask_late|ask_done/);
    expect(answer.words).toContain('Home 1 needs you');
    await pool.query(`update link set state = 'broken' where id = $1`, [linkId]);
    expect(await page('/apps')).toContain('Home 2 need you');
    await pool.query(`update link set state = 'active' where id = $1`, [linkId]);
    expect(await page('/', (await world.person()).browser)).not.toMatch(/needs? you/);
    const text = answer.words;
    expect(text).toContain('Reader asks for something of “my Photos” at Photos');
    expect(text).toContain('Reader got a key for “my Photos” at Photos (See your photos).');
    expect(await page('/timeline')).toContain('You linked Photos as “my Photos”.');
  });

  test('nothing of one owner is on the pages of another', async () => {
    const other = await world.person();
    const secret = `label-${randomBytes(4).toString('hex')}`;
    const linkId = await makeLink(world, person);
    await person.browser.submit('/hosts', `/hosts/${linkId}/name`, { label: secret });
    await makeConnection(world, person, [linkId]);
    for (const path of ['/', '/asks', '/hosts', `/hosts?made=${linkId}`, '/apps', '/ends', '/timeline']) {
      const text = await page(path, other.browser);
      expect(text).not.toContain(secret);
      expect(text).not.toContain('Reader');
    }
  });

  test('markup in any name is text', async () => {
    const linkId = await makeLink(world, person);
    const { id } = await makeConnection(world, person, [linkId]);
    await world.pool.query(`update connection set client_name = '<script>alert(1)</script>' where id = $1`, [id]);
    await world.pool.query(`update link set label = '"><img src=x onerror=alert(1)>' where id = $1`, [linkId]);
    await world.pool.query(`update host set name = '<svg onload=alert(1)>'`);
    for (const path of ['/', '/hosts', '/apps', `/apps/${id}`, '/timeline']) {
      expect((await person.browser.get(path)).text).not.toMatch(/<script>|<img|<svg onload/);
    }
  });
});

describe('an AM that is too busy', () => {
  const origin = 'https://inspector.example';
  const corsOf = ({ headers }: Answer) => Object.keys(headers).filter((name) => name.startsWith('access-control-'));

  /** Calls `ask` while the only slot is taken. */
  async function whileBusy(ask: (port: number) => Promise<void>): Promise<void> {
    const { port, close } = await world.replica({ requestsAtOnce: 1 });
    const holder = await world.pool.connect();
    try {
      await holder.query('begin; lock table oauth_client in access exclusive mode');
      const inside = postJson(port, '/register', { redirect_uris: ['https://app.example/back'] });
      await eventually(async () => {
        const { rows } = await world.pool.query(
          `select 1 from pg_stat_activity where application_name = 'am' and datname = current_database()
            and wait_event_type = 'Lock'`,
        );
        return rows.length > 0;
      });
      await ask(port);
      await holder.query('rollback');
      expect((await inside).status).toBe(201);
    } finally {
      await holder.query('rollback');
      holder.release();
      await close();
    }
  }

  test('says so to programs in other pages where they could read its answer, and to nobody else’s page', async () => {
    await whileBusy(async (port) => {
      const calls = {
        '/token': 'POST',
        '/par': 'POST',
        '/register/x': 'DELETE',
        '/targets': 'GET',
        '/transfers': 'POST',
      };
      for (const [path, method] of Object.entries(calls)) {
        const refused = await send(port, { method, path, headers: { origin } });
        expect([path, refused.status, corsOf(refused)]).toEqual([
          path,
          503,
          ['access-control-allow-origin', 'access-control-expose-headers'],
        ]);
        expect(refused.headers['access-control-expose-headers']).toContain('Retry-After');
        expect(refused.headers['retry-after']).toMatch(/^[123]$/);
        const asked = await send(port, {
          method: 'OPTIONS',
          path,
          headers: { origin, 'access-control-request-method': method },
        });
        expect([path, asked.status, asked.headers['access-control-allow-origin']]).toEqual([path, 204, '*']);
        expect(asked.headers['access-control-allow-methods']).toContain(method);
      }
      for (const path of ['/', '/authorize', '/asks', '/hosts', '/sign-in', '/nowhere'])
        for (const headers of [{ origin }, { origin, accept: 'text/html' }])
          for (const method of ['GET', 'OPTIONS']) {
            const asked = { ...headers, ...(method === 'OPTIONS' && { 'access-control-request-method': 'GET' }) };
            const answer = await send(port, { method, path, headers: asked });
            expect([path, method, answer.status, corsOf(answer)]).toEqual([path, method, 503, []]);
          }
    });
  });
});
