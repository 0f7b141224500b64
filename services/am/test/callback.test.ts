import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Browser, PASSWORD, send } from '@chatelaine/test-kit';
import { linkTokens, startTestHost, type TestHost } from './support/test-host.ts';
import { createWorld, makeLink, type Person, startLink, type World } from './support/world.ts';

let world: World;
let other: TestHost;
let person: Person;
let stranger: Person;

beforeAll(async () => {
  other = await startTestHost('calendar');
  world = await createWorld({ hosts: [other] });
  person = await world.person();
  stranger = await world.person();
});
afterAll(async () => {
  await world.close();
  await other.stop();
});
beforeEach(() => {
  world.host.behaviour = {};
  other.behaviour = {};
});

const tokenCalls = (): number => world.host.callsOf('/token').length + other.callsOf('/token').length;
const links = async (): Promise<number> => Number((await world.pool.query('select count(*) from link')).rows[0]?.count);
const query = (params: Record<string, string>): string => new URLSearchParams(params).toString();

/** Expects a callback to be refused: 400, nothing linked, and above all no Host asked for a token. */
async function expectRefused(who: Person, url: string): Promise<void> {
  const [calls, linked] = [tokenCalls(), await links()];
  const answer = await who.browser.get(url);
  expect(answer.status).toBe(400);
  expect(answer.words).toContain('Nothing was linked');
  expect(tokenCalls()).toBe(calls);
  expect(await links()).toBe(linked);
}

describe('the callback of a link', () => {
  test('the answer to this session’s request becomes a link with encrypted tokens and the Host’s ceiling', async () => {
    world.host.behaviour.token = () => ({
      status: 200,
      json: linkTokens({ access_token: 'canary-at', refresh_token: 'canary-rt', transfer_scope: 'photos.read' }),
    });
    const id = await makeLink(world, person);
    const { rows } = await world.pool.query('select * from link where id = $1', [id]);
    expect(rows[0]).toMatchObject({
      owner_id: person.ownerId,
      state: 'active',
      transfer_scope: ['photos.read'],
      label: 'my Photos',
    });
    const dump = JSON.stringify(
      (
        await world.pool.query(
          "select encode(access_token, 'escape') a, encode(refresh_token, 'escape') r, l.* from link l",
        )
      ).rows,
    );
    expect(dump).not.toContain('canary');
    const page = (await person.browser.get(`/hosts?made=${id}`)).words;
    expect(page).toContain('Photos is linked');
    expect(page).toContain('See your photos');
  });

  test('every link has its own name, and none replaces another', async () => {
    const [a, b] = [await makeLink(world, stranger), await makeLink(world, stranger)];
    const { rows } = await world.pool.query('select label from link where id = any($1) order by created_at', [[a, b]]);
    expect(rows.map(({ label }) => label)).toEqual(['my Photos', 'my Photos, account 2']);
  });

  test('the code is redeemed with this Host’s own client, redirect URI and verifier', async () => {
    await makeLink(world, person);
    const redeemed = world.host.callsOf('/token').at(-1)?.form;
    const pushed = world.host.callsOf('/par').at(-1)?.form;
    expect(redeemed?.get('grant_type')).toBe('authorization_code');
    expect(redeemed?.get('redirect_uri')).toBe(pushed?.get('redirect_uri'));
    expect(redeemed?.get('client_id')).toMatch(/^http:\/\/am\.localhost:\d+\/clients\/[A-Za-z0-9_-]{22}$/);
    expect(redeemed?.get('code_verifier')).toMatch(/^[A-Za-z0-9_-]{43,}$/);
  });

  test('state missing: refused, no token call', async () => {
    const { callback } = await startLink(person, world.host);
    await expectRefused(person, `${callback}?${query({ code: 'c', iss: world.host.issuer })}`);
  });

  test('state twice: refused, no token call', async () => {
    const { callback, state } = await startLink(person, world.host);
    await expectRefused(person, `${callback}?${query({ code: 'c', state, iss: world.host.issuer })}&state=${state}`);
  });

  test('a state nobody started: refused, no token call', async () => {
    const { callback } = await startLink(person, world.host);
    await expectRefused(person, `${callback}?${query({ code: 'c', state: 'made-up', iss: world.host.issuer })}`);
  });

  test('a state that was used: refused, no second token call', async () => {
    const { callback, state } = await startLink(person, world.host);
    const url = `${callback}?${query({ code: 'c', state, iss: world.host.issuer })}`;
    expect((await person.browser.get(url)).status).toBe(303);
    await expectRefused(person, url);
  });

  test('HEAD, which only looks, shows nothing and uses up nothing', async () => {
    const { callback, state } = await startLink(person, world.host);
    const url = `${callback}?${query({ code: 'c', state, iss: world.host.issuer })}`;
    const before = tokenCalls();
    const cookie = [...person.browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    for (const headers of [{ cookie }, {}]) {
      const looked = await send(world.am.port, { method: 'HEAD', path: url, headers });
      expect([looked.status, looked.text, looked.headers.location]).toEqual([200, '', undefined]);
    }
    expect(tokenCalls()).toBe(before);
    expect((await person.browser.get(url)).status).toBe(303);
  });

  test('a state raced over two processes is taken once', async () => {
    const second = await world.replica();
    const { callback, state } = await startLink(person, world.host);
    const url = `${callback}?${query({ code: 'c', state, iss: world.host.issuer })}`;
    const before = tokenCalls();
    const browsers = Array.from({ length: 10 }, (_, n) => person.browser.at(n % 2 === 0 ? world.am.port : second.port));
    const statuses = await Promise.all(browsers.map(async (browser) => (await browser.get(url)).status));
    expect(statuses.toSorted((a, b) => a - b)).toEqual([303, ...Array<number>(9).fill(400)]);
    expect(tokenCalls()).toBe(before + 1);
    await second.close();
  });

  test('a connect URL started by another (COSF) is refused for the victim; its starter can still finish', async () => {
    const { callback, state } = await startLink(stranger, world.host);
    const url = `${callback}?${query({ code: 'c', state, iss: world.host.issuer })}`;
    await expectRefused(person, url);
    expect((await stranger.browser.get(url)).status).toBe(303);
  });

  test('another session of the same person: refused, no token call', async () => {
    const { callback, state } = await startLink(person, world.host);
    await person.browser.submit('/hosts', '/sign-out');
    const { rows } = await world.pool.query<{ username: string }>('select username from account where id = $1', [
      person.ownerId,
    ]);
    await person.browser.submit('/sign-in', '/sign-in', {
      username: rows[0]?.username ?? '',
      password: PASSWORD,
    });
    expect((await person.browser.get('/hosts')).status).toBe(200);
    await expectRefused(person, `${callback}?${query({ code: 'c', state, iss: world.host.issuer })}`);
  });

  test('nobody signed in: refused, no token call', async () => {
    const { callback, state } = await startLink(person, world.host);
    const nobody = {
      ...person,
      browser: new Browser(world.am.port),
    };
    await expectRefused(nobody, `${callback}?${query({ code: 'c', state, iss: world.host.issuer })}`);
  });

  test('after ten minutes: refused, no token call', async () => {
    const { callback, state } = await startLink(person, world.host);
    await world.pool.query(`update link_attempt set expires_at = now() - interval '1 second' where used_at is null`);
    await expectRefused(person, `${callback}?${query({ code: 'c', state, iss: world.host.issuer })}`);
  });

  test('the answer of one Host at the callback of another (COAT): refused, no token call to either', async () => {
    const evil = await startLink(person, world.host);
    const honest = await startLink(person, other);
    // the evil Host sent the browser to the honest one with its own state; the honest one answers at its own callback
    await expectRefused(person, `${honest.callback}?${query({ code: 'c', state: evil.state, iss: other.issuer })}`);
    await expectRefused(
      person,
      `${evil.callback}?${query({ code: 'c', state: honest.state, iss: world.host.issuer })}`,
    );
    // whatever `iss` says: a state is valid only at the callback of the Host that it was made for
    const again = await startLink(person, world.host);
    await expectRefused(
      person,
      `${honest.callback}?${query({ code: 'c', state: again.state, iss: world.host.issuer })}`,
    );
  });

  test('iss missing: refused, no token call', async () => {
    const { callback, state } = await startLink(person, world.host);
    await expectRefused(person, `${callback}?${query({ code: 'c', state })}`);
  });

  test('iss of another Host: refused, no token call', async () => {
    const { callback, state } = await startLink(person, world.host);
    await expectRefused(person, `${callback}?${query({ code: 'c', state, iss: other.issuer })}`);
  });

  test('a denial is told as one, with the owner’s decision named', async () => {
    const { callback, state } = await startLink(person, world.host);
    const before = tokenCalls();
    const answer = await person.browser.get(
      `${callback}?${query({ error: 'access_denied', state, iss: world.host.issuer })}`,
    );
    expect(answer.status).toBe(400);
    expect(answer.words).toContain('You decided at Photos not to link it');
    expect(tokenCalls()).toBe(before);
  });

  test.each([
    ['no transfer_scope', { transfer_scope: undefined }],
    ['another scope', { scope: 'transfer photos.read' }],
    ['a DPoP token that nobody asked for', { token_type: 'DPoP' }],
    ['no refresh token', { refresh_token: undefined }],
  ])('an answer with %s is not kept, and handed back', async (_name, over) => {
    const linked = await links();
    world.host.behaviour.token = () => ({ status: 200, json: linkTokens({ access_token: 'odd-token', ...over }) });
    const { callback, state } = await startLink(person, world.host);
    const answer = await person.browser.get(`${callback}?${query({ code: 'c', state, iss: world.host.issuer })}`);
    expect(answer.status).toBe(502);
    expect(answer.words).not.toContain('odd-token');
    expect(await links()).toBe(linked);
    expect(world.host.callsOf('/revoke').at(-1)?.form.get('token')).toBe('odd-token');
  });

  test('a link that cannot be stored is handed back to the Host and answered 503', async () => {
    world.host.behaviour.token = () => ({ status: 200, json: linkTokens({ refresh_token: 'orphan' }) });
    const { callback, state } = await startLink(person, world.host);
    await world.pool.query(
      `create function no_link() returns trigger language plpgsql as $$ begin raise exception 'no'
        using errcode = '53100'; end $$`,
    );
    await world.pool.query('create trigger no_link before insert on link for each row execute function no_link()');
    const answer = await person.browser.get(`${callback}?${query({ code: 'c', state, iss: world.host.issuer })}`);
    await world.pool.query('drop trigger no_link on link; drop function no_link()');
    expect(answer.status).toBe(503);
    expect(world.host.callsOf('/revoke').at(-1)?.form.get('token')).toBe('orphan');
  });
});
