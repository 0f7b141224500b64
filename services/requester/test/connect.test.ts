import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openPool } from '@chatelaine/postgres';
import { openVault, rotateSigningKey } from '@chatelaine/service-kit';
import { Browser, eventually, send, tokenFor } from '@chatelaine/test-kit';
import { VAULT_LABEL } from '../src/deps.ts';
import { placeOfSigningKey, SEALED_PLACES } from '../src/sealed-places.ts';
import { authorizationUrlOf, connectAm, ISSUER, signUp, startWorld, type World } from './support/world.ts';

let world: World;
let origin: string;
beforeAll(async () => {
  world = await startWorld();
  origin = await world.start();
});
afterAll(() => world.close());
beforeEach(() => {
  world.house.on = {};
  world.house.received.length = 0;
});

describe('what AMs read', () => {
  test('is the client document at the client id', async () => {
    const answer = await fetch(`${origin}/client`);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await answer.json()).toMatchObject({
      client_id: `${ISSUER}/client`,
      client_name: 'Lifestream',
      redirect_uris: [`${ISSUER}/callback`],
      jwks_uri: `${ISSUER}/jwks`,
      token_endpoint_auth_method: 'private_key_jwt',
    });
  });

  test('is one public key, the same from every process and after a restart', async () => {
    const twin = await world.start();
    const [one, two] = await Promise.all([fetch(`${origin}/jwks`), fetch(`${twin}/jwks`)]);
    const jwks = (await one.json()) as { keys: Record<string, unknown>[] };
    expect(jwks).toEqual(await two.json());
    expect(jwks.keys).toHaveLength(1);
    expect(jwks.keys[0]).not.toHaveProperty('d');
  });

  test('is a new key beside the old one as soon as it is made, while the old one signs', async () => {
    const watching = await world.start({ KEYS_READ_EVERY_SECONDS: '1' });
    const kids = async () =>
      ((await (await fetch(`${watching}/jwks`)).json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
    const [old] = await kids();
    const pool = openPool({ url: world.database.url('lifestream'), name: 'test', max: 1 });
    const config = { encryptionKey: Buffer.alloc(32, 5), previousEncryptionKeys: [] };
    const vault = await openVault({ pool, config, label: VAULT_LABEL, places: SEALED_PLACES });
    await rotateSigningKey({ pool, vault, placeOf: placeOfSigningKey }, 'in-turn');
    await eventually(async () => (await kids()).length === 2);
    await connectAm(world.house, await signUp(watching));
    const assertion = world.house.received
      .map(({ form }) => form.get('client_assertion'))
      .find((one) => typeof one === 'string');
    expect(JSON.parse(Buffer.from(assertion?.split('.')[0] ?? '', 'base64url').toString())).toMatchObject({ kid: old });
    await pool.end();
  });

  test('is that it is a Host, too: each half names the other', async () => {
    expect(await (await fetch(`${origin}/client`)).json()).toMatchObject({ chatelaine_host: ISSUER });
    const metadata = await fetch(`${origin}/.well-known/oauth-authorization-server`);
    expect(await metadata.json()).toMatchObject({ issuer: ISSUER, chatelaine_requester: `${ISSUER}/client` });
  });

  test('the process refuses to start under another encryption key', async () => {
    const wrong = Buffer.alloc(32, 6).toString('base64url');
    await expect(world.start({ ENCRYPTION_KEY: wrong })).rejects.toThrow('ENCRYPTION_KEY is not the key');
  });
});

describe('connecting', () => {
  test('goes by a page with a link, because a redirect after a form would be stopped', async () => {
    const browser = await signUp(origin);
    const page = await browser.submit('/connect', '/connect', { am: world.house.am });
    expect(page.status).toBe(200);
    expect(new URL(authorizationUrlOf(page)).origin).toBe(world.house.am);
    expect(page.words).toContain(world.house.am);
  });

  test('ends on the list of connections, with the Hosts the AM shows', async () => {
    const browser = await signUp(origin);
    const back = await connectAm(world.house, browser);
    expect([back.status, back.headers['location']]).toEqual([303, '/connections']);
    const page = await browser.get('/connections');
    expect(page.words).toContain(world.house.am);
    for (const word of ['Photos', 'Notes', 'entries.read', 'allowed']) expect(page.words).toContain(word);
  });

  test('stores nothing of it in clear', async () => {
    const browser = await signUp(origin);
    const started = await browser.submit('/connect', '/connect', { am: world.house.am });
    const state = world.house.received.find((one) => one.path === 'am /par')?.form.get('state') ?? 'none';
    const dump = async () =>
      JSON.stringify(
        await world.sql(
          `select encode(sealed, 'escape') as s, encode(state_hash, 'hex') as h, session from connect_state`,
        ),
      );
    expect(await dump()).not.toContain(state);
    await browser.get(world.house.agree(authorizationUrlOf(started)));
    const form = world.house.received.find((one) => one.form.has('code_verifier'))?.form;
    const rows = JSON.stringify(await world.sql(`select encode(sealed, 'escape') as s, c.* from connection c`));
    for (const secret of ['ct-', 'rt-', form?.get('code_verifier') ?? 'none', '"d"'])
      expect(rows).not.toContain(secret);
    expect(rows).toContain('con_');
    expect(await world.sql(`select encode(sealed, 'escape') as s from signing_key`)).not.toEqual(
      expect.arrayContaining([{ s: expect.stringContaining('"d"') }]),
    );
  });

  test('to something that is not an AM says so in one sentence, the same for whatever is there', async () => {
    const browser = await signUp(origin);
    const texts = new Set<string>();
    for (const am of [
      'http://nobody.localhost:9',
      'http://127.0.0.1:5432',
      'http://169.254.169.254',
      world.house.resource('photos'),
    ]) {
      const page = await browser.submit('/connect', '/connect', { am });
      expect(page.status).toBe(400);
      texts.add(/id="am-problem"[^>]*>([^<]*)/.exec(page.text)?.[1] ?? 'no sentence');
    }
    expect([...texts]).toEqual(['No service that fits was found at this address.']);
  });

  test('cannot be started from another site or without being signed in', async () => {
    const browser = await signUp(origin);
    expect((await browser.post('/connect', { am: world.house.am })).status).toBe(403);
    const stranger = new Browser(origin);
    expect((await stranger.get('/connect')).headers['location']).toMatch(/^\/sign-in/);
    expect((await stranger.post('/connect', { am: world.house.am })).status).toBe(403);
    expect(world.house.received).toHaveLength(0);
  });

  test('is limited, whatever the addresses are, over all processes', async () => {
    const twins = [await world.start({ CONNECTS_PER_HOUR: '3' }), await world.start({ CONNECTS_PER_HOUR: '3' })];
    const browser = await signUp(twins[0] ?? '');
    const statuses = [];
    for (const am of ['a', 'b', 'c', 'd']) statuses.push((await browser.submit('/connect', '/connect', { am })).status);
    expect(statuses.slice(0, 3)).not.toContain(429);
    expect(statuses[3]).toBe(429);
  });
});

describe('a callback is a 400 page without any token call when', () => {
  const started = async () => {
    const browser = await signUp(origin);
    const page = await browser.submit('/connect', '/connect', { am: world.house.am });
    return { browser, path: world.house.agree(authorizationUrlOf(page)) };
  };
  const refused = async (browser: Browser, path: string) => {
    const before = world.house.count('am /token');
    const page = await browser.get(path);
    expect(page.status).toBe(400);
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    expect(world.house.count('am /token')).toBe(before);
  };

  test('its state is missing, made up or repeated', async () => {
    const { browser, path } = await started();
    await refused(browser, '/callback');
    await refused(browser, path.replace(/state=[^&]+&/, ''));
    await refused(browser, path.replace(/state=[^&]+/, 'state=made-up'));
    await refused(browser, `${path}&state=x`);
    expect((await browser.get(path)).status).toBe(303);
  });

  test('it was used before', async () => {
    const { browser, path } = await started();
    expect((await browser.get(path)).status).toBe(303);
    await refused(browser, path);
  });

  test('somebody else started it, signed in or not', async () => {
    const { browser, path } = await started();
    await refused(await signUp(origin), path);
    await refused(new Browser(origin), path);
    expect((await browser.get(path)).status).toBe(303);
  });

  test('the browser signed out and in between', async () => {
    const browser = new Browser(origin);
    const who = { username: 'robin', password: 'a long enough password' };
    await browser.submit('/sign-up', '/sign-up', who);
    const page = await browser.submit('/connect', '/connect', { am: world.house.am });
    const path = world.house.agree(authorizationUrlOf(page));
    await browser.submit('/connect', '/sign-out', {});
    await browser.submit('/sign-in', '/sign-in', who);
    await refused(browser, path);
  });

  test('it was started ten minutes ago, by the clock of the database', async () => {
    const { browser, path } = await started();
    await world.sql(`update connect_state set expires_at = now()`);
    await refused(browser, path);
  });

  test('iss is missing or of another server', async () => {
    for (const iss of ['', '&iss=http://evil.localhost']) {
      const { browser, path } = await started();
      await refused(browser, path.replace(/&iss=[^&]+/, iss));
    }
  });

  test('HEAD, which only looks, shows nothing and uses up neither state nor code', async () => {
    const { browser, path } = await started();
    const before = world.house.received.length;
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    for (const headers of [{ cookie }, {}]) {
      const looked = await send(Number(new URL(origin).port), { method: 'HEAD', path, headers });
      expect([looked.status, looked.text, looked.headers['location']]).toEqual([200, '', undefined]);
    }
    expect(world.house.received).toHaveLength(before);
    const back = await browser.get(path);
    expect([back.status, back.headers['location']]).toEqual([303, '/connections']);
  });

  test('two arrive at once: one connects', async () => {
    const { browser, path } = await started();
    const before = world.house.count('am /token');
    const pages = await Promise.all([browser.get(path), browser.get(path)]);
    expect(new Set(pages.map((page) => page.status))).toEqual(new Set([303, 400]));
    expect(world.house.count('am /token')).toBe(before + 1);
  });
});

test('what the AM says in a refusal is shown inert', async () => {
  const browser = await signUp(origin);
  const page = await browser.submit('/connect', '/connect', { am: world.house.am });
  const state = new URLSearchParams(world.house.agree(authorizationUrlOf(page)).split('?')[1]).get('state') ?? '';
  const evil = '<script>alert(1)</script>';
  const query = new URLSearchParams({ error: evil, error_description: evil, state, iss: world.house.am });
  const refused = await browser.get(`/callback?${query.toString()}`);
  expect(refused.status).toBe(400);
  expect(refused.text).not.toContain('<script');
});

describe('disconnecting', () => {
  test('tells the AM and forgets the connection', async () => {
    const browser = await signUp(origin);
    await connectAm(world.house, browser);
    const page = await browser.get('/connections');
    const connection = /name="connection" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const done = await browser.submit('/connections', '/disconnect', { connection });
    expect([done.status, done.headers['location']]).toEqual([303, '/connections']);
    expect(world.house.received.at(-1)?.form.get('token_type_hint')).toBe('refresh_token');
    expect((await browser.get('/connections')).words).toContain('not connected an authorization manager yet');
    expect(await world.sql(`select 1 from connection where id = '${connection}'`)).toEqual([]);
  });

  test('says when the AM could not be told', async () => {
    const browser = await signUp(origin);
    await connectAm(world.house, browser);
    world.house.on['am /revoke'] = () => ({ status: 503, json: { error: 'temporarily_unavailable' } });
    const connection = /name="connection" value="([^"]+)"/.exec((await browser.get('/connections')).text)?.[1] ?? '';
    const done = await browser.submit('/connections', '/disconnect', { connection });
    expect(done.words).toContain('could not be told');
  });

  test('of somebody else is a 404 and changes nothing', async () => {
    const browser = await signUp(origin);
    await connectAm(world.house, browser);
    const connection = /name="connection" value="([^"]+)"/.exec((await browser.get('/connections')).text)?.[1] ?? '';
    const other = await signUp(origin);
    await connectAm(world.house, other);
    expect((await other.submit('/connections', '/disconnect', { connection })).status).toBe(404);
    expect((await browser.get('/connections')).words).toContain('Photos');
  });
});

describe('what is kept here', () => {
  const csrf = async (browser: Browser) => ({ _csrf: tokenFor((await browser.get('/posts')).text, '/posts') });

  test('is seen and removed by whoever wrote it, and by nobody else', async () => {
    const [kim, sam] = [await signUp(origin), await signUp(origin)];
    await kim.submit('/posts', '/posts', { text: ' kept by kim ' });
    const page = await kim.get('/posts');
    expect(page.words).toContain('kept by kim');
    expect((await sam.get('/posts')).words).not.toContain('kept by kim');
    const post = /name="post" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    expect((await sam.post('/posts/remove', { ...(await csrf(sam)), post })).status).toBe(404);
    expect((await kim.get('/posts')).words).toContain('kept by kim');
    expect((await kim.submit('/posts', '/posts/remove', { post })).status).toBe(303);
    expect((await kim.get('/posts')).words).not.toContain('kept by kim');
  });

  test('is text that can be read, and not too long', async () => {
    const kim = await signUp(origin);
    for (const text of ['', '   ', 'x'.repeat(2001), 'a\u0000b'])
      expect((await kim.submit('/posts', '/posts', { text })).status).toBe(400);
    expect((await kim.submit('/posts', '/posts', { text: 'x'.repeat(2000) })).status).toBe(303);
  });

  test('is shared when its tick is set, and then nothing is connected unless the AM takes both', async () => {
    const browser = await signUp(origin);
    const page = await browser.submit('/connect', '/connect', { am: world.house.am, share: 'yes' });
    expect([page.status, page.words.includes('does not take both in one step')]).toEqual([400, true]);
    expect(page.text).toMatch(/name="share"[^>]*checked/);
    expect(world.house.count('am /par')).toBe(0);
  });

  test('opens to no program without a token of this Host', async () => {
    const answer = await fetch(`${origin}/api/entries`, { headers: { authorization: 'DPoP cha_at_x' } });
    expect([answer.status, answer.headers.get('www-authenticate')?.includes('DPoP')]).toEqual([401, true]);
    const kim = await signUp(origin);
    expect((await kim.get('/api/entries')).status).toBe(401);
    expect((await kim.get('/access')).words).toContain('Nobody but you');
    expect((await kim.post('/access/end', { ...(await csrf(kim)), link: 'lnk_x' })).status).toBe(404);
  });
});
