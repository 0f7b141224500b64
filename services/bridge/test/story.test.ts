import type { Entry, OAuth1Service, OAuth2Service } from '@chatelaine/stand-in-services';
import { eventually, unzip } from '@chatelaine/test-kit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestAm } from './support/test-am.ts';
import { agreeAt, connectService, startConnecting, type TestBridge } from './support/test-bridge.ts';
import { startWorld, type World } from './support/world.ts';

let world: World<'chirp', 'plume'>;
let am: TestAm;
let chirp: OAuth2Service;
let plume: OAuth1Service;
let bridge: TestBridge;
let odd = 0;
beforeAll(async () => {
  const entries = (): Map<string, Entry[]> =>
    new Map([['ada', [{ id: 'e1', text: 'a first entry', date: '2026-11-01' }]]]);
  world = await startWorld({ oauth2: { chirp: { entries: entries() } }, oauth1: { plume: { entries: entries() } } });
  ({ am, bridge } = world);
  ({ chirp } = world.oauth2);
  ({ plume } = world.oauth1);
});
afterAll(() => world.close());

describe.each(['chirp', 'plume'])('%s', (id) => {
  const service = (): OAuth2Service | OAuth1Service => (id === 'chirp' ? chirp : plume);

  test('is connected once, linked at the AM, and read and written through the chain', async () => {
    const browser = await bridge.browser().signUp(`story-${id}`);
    const answer = await connectService(browser, id, service());
    expect([answer.status, answer.headers.location]).toEqual([303, `/services?connected=${id}`]);
    const page = await browser.get('/services');
    expect(page.words).toContain('Account there ada');
    const link = await am.link(bridge, browser);
    expect(link.ceiling).toBe(`${id}:entries.read ${id}:entries.write`);
    const read = await am.token(bridge, link, `${id}:entries.read`);
    const list = await am.call(bridge, read, { path: `/api/${id}/entries?text=a%20b%26c` });
    expect([list.status, list.json['entries']]).toEqual([200, [expect.objectContaining({ text: 'a first entry' })]]);
    const write = await am.token(bridge, link, `${id}:entries.write`);
    const body = JSON.stringify({ text: 'written through the bridge' });
    const added = await am.call(bridge, write, { method: 'POST', path: `/api/${id}/entries`, body });
    expect([added.status, added.json['text']]).toEqual([201, 'written through the bridge']);
  });

  test('is refused to a token for another scope, and to nobody’s', async () => {
    const browser = await bridge.browser().signUp(`scope-${id}`);
    await connectService(browser, id, service(), 'bob');
    const token = await am.token(bridge, await am.link(bridge, browser), `${id}:entries.read`);
    const written = await am.call(bridge, token, {
      method: 'POST',
      path: `/api/${id}/entries`,
      body: '{"text":"no"}',
    });
    expect([written.status, written.json['error']]).toEqual([403, 'insufficient_scope']);
    const anonymous = await bridge.browser().get(`/api/${id}/entries`);
    expect(anonymous.status).toBe(401);
    expect(anonymous.headers['www-authenticate']).toContain(`scope="${id}:entries.read"`);
  });

  test('that was disconnected is gone at once, from the next ceiling too, and returns by consent alone', async () => {
    const browser = await bridge.browser().signUp(`gone-${id}`);
    await connectService(browser, id, service());
    const link = await am.link(bridge, browser);
    const token = await am.token(bridge, link, `${id}:entries.read`);
    const path = `/api/${id}/entries`;
    expect((await am.call(bridge, token, { path })).status).toBe(200);
    const ended = await browser.submit(`/services/${id}/disconnect`, `/services/${id}/disconnect`, {});
    expect(ended.words).toContain(id === 'chirp' ? 'has confirmed that it ended' : '/settings');
    expect((await am.call(bridge, token, { path })).status).toBe(401);
    const refused = await am.transfer(bridge, link, `${id}:entries.read`);
    expect([refused.status, refused.json['error']]).toEqual([400, 'invalid_scope']);
    expect(await am.ceiling(bridge, link)).toBe('');
    await connectService(browser, id, service());
    expect((await am.transfer(bridge, link, `${id}:entries.read`)).json['error']).toBe('invalid_scope');
    expect((await am.call(bridge, token, { path })).status).toBe(401);
    expect((await am.link(bridge, browser)).ceiling).toContain(`${id}:entries.read`);
  });

  test('that rejects its credential is broken: shown so, invalid_scope to the AM, mended by one account', async () => {
    const browser = await bridge.browser().signUp(`broken-${id}`);
    await connectService(browser, id, service(), 'bob');
    const link = await am.link(bridge, browser);
    const token = await am.token(bridge, link, `${id}:entries.read`);
    service().endAccount('bob');
    const path = `/api/${id}/entries`;
    const answer = await am.call(bridge, token, { path });
    expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_token']);
    expect((await browser.get('/services')).words).toContain('does not accept the connection any more');
    expect((await am.transfer(bridge, link, `${id}:entries.read`)).json['error']).toBe('invalid_scope');
    expect(await am.ceiling(bridge, link)).toBe('');
    const other = await connectService(browser, id, service(), 'ada');
    expect([other.status, other.words]).toEqual([400, expect.stringContaining('as ada, and bob is connected here')]);
    await connectService(browser, id, service(), 'bob');
    expect(await am.ceiling(bridge, link)).toContain(`${id}:entries.read`);
    expect((await am.call(bridge, token, { path })).status).toBe(200);
  });

  test('is not connected by an answer of another session, person or service, or by a second one', async () => {
    const browser = await bridge.browser().signUp(`attempt-${id}`);
    const back = await agreeAt(service(), await startConnecting(browser, id));
    const mallory = await bridge.browser().signUp(`mallory-${id}`);
    expect((await mallory.get(back)).status).toBe(400);
    const elsewhere = back.replace(`/services/${id}/`, `/services/${id === 'chirp' ? 'plume' : 'chirp'}/`);
    expect((await browser.get(elsewhere)).status).toBe(400);
    const again = bridge.browser();
    await again.submit('/sign-in', '/sign-in', { username: `attempt-${id}`, password: 'correct horse battery staple' });
    expect((await again.get(back)).words).toContain('not an answer to something you started here');
    expect((await browser.get(back)).status).toBe(303);
    expect((await browser.get(back)).status).toBe(400);
  });

  test.each([
    ['without a code or verifier', ''],
    ['with a token in it', 'token=x&id_token=y'],
    ['as a signed response', 'response=eyJhbGciOiJub25lIn0.e30.'],
    ['with an empty error', 'error='],
  ])('that sends the browser back %s is not connected, and that is said on a page', async (_what, query) => {
    const browser = await bridge.browser().signUp(`odd-${id}-${(odd += 1)}`);
    const back = await agreeAt(service(), await startConnecting(browser, id));
    const handle = /(?:state|oauth_token)=[^&]+/.exec(back)?.[0] ?? '';
    const answer = await browser.get(`/services/${id}/callback?${handle}&${query}`);
    expect([answer.status, answer.words]).toEqual([400, expect.stringContaining('gave no answer that can be used')]);
  });

  test('to which somebody says no is not connected', async () => {
    const browser = await bridge.browser().signUp(`no-${id}`);
    const back = await agreeAt(service(), await startConnecting(browser, id), { answer: 'no' });
    expect((await browser.get(back)).words).toContain('You said no at');
  });
});

describe('a service by OAuth 1.0a', () => {
  test('whose clock is another one is asked once more, by its own time, and from then on by that', async () => {
    const browser = await bridge.browser().signUp('skewed');
    plume.skew = 3600;
    const before = plume.refused.length;
    expect((await connectService(browser, 'plume', plume)).status).toBe(303);
    expect(plume.refused.slice(before)).toEqual(['timestamp']);
    const token = await am.token(bridge, await am.link(bridge, browser), 'plume:entries.read');
    expect((await am.call(bridge, token, { path: '/api/plume/entries' })).status).toBe(200);
    expect(plume.refused.length).toBe(before + 1);
    plume.skew = 0;
    expect((await am.call(bridge, token, { path: '/api/plume/entries' })).status).toBe(200);
    expect(plume.refused.slice(before)).toEqual(['timestamp', 'timestamp']);
  });

  test('that does not confirm the callback speaks the protocol of before, and nobody is sent there', async () => {
    const browser = await bridge.browser().signUp('unconfirmed');
    plume.confirmsCallback = false;
    const page = await browser.submit('/services', '/services/plume/connect', {});
    plume.confirmsCallback = true;
    expect([page.status, page.words]).toEqual([502, expect.stringContaining('did not take the request')]);
    expect(page.text).not.toContain('/oauth/authorize');
  });
});

test('a service for which whoever runs the bridge has no client id is shown, and cannot be connected', async () => {
  const browser = await bridge.browser().signUp('asking');
  const { text, words } = await browser.get('/services');
  expect(words).toMatch(/Not set up here .*? Ask whoever runs it to set up one that you use\. .*GitHub/);
  expect(text).not.toContain('/services/github/connect');
  expect((await browser.get('/services/github/callback?state=x&code=y')).status).toBe(404);
  const front = (await bridge.browser().get('/')).words;
  expect([front.includes('Chirp'), front.includes('GitHub')]).toEqual([true, false]);
});

test('an account that is deleted leaves no connection: its tokens are dead, the service was told', async () => {
  const browser = await bridge.browser().signUp('leaving');
  await connectService(browser, 'chirp', chirp, 'bob');
  const link = await am.link(bridge, browser);
  const token = await am.token(bridge, link, 'chirp:entries.read');
  const before = chirp.revoked.length;
  const [owner] = (await bridge.pool.query<{ id: string }>("select id from account where username = 'leaving'")).rows;
  await browser.submit('/account/delete', '/account/delete', { confirmation: 'leaving' });
  await eventually(async () => {
    const { rows } = await bridge.pool.query('select 1 from service_account where owner = $1', [owner?.id]);
    return chirp.revoked.length > before && rows.length === 0;
  });
  expect((await am.call(bridge, token, { path: '/api/chirp/entries' })).status).toBe(401);
  expect((await am.transfer(bridge, link, 'chirp:entries.read')).status).toBe(400);
});

test('an export has what is connected and who has access, and no credential', async () => {
  const browser = await bridge.browser().signUp('exporting');
  await connectService(browser, 'chirp', chirp);
  const { bytes } = await browser.submit('/account/export', '/account/export');
  const files = unzip(bytes);
  expect(JSON.parse(String(files.get('services.json')))).toEqual([
    expect.objectContaining({ service: 'chirp', label: 'ada', granted: ['read', 'write'], state: 'active' }),
  ]);
  expect(String([...files.values()].join(' '))).not.toMatch(/stand-in-(access|refresh)-/);
});

test('promises of an AM only what holds for a dishonest one, too: nothing passes through it', async () => {
  const { words } = await bridge.browser().get('/');
  expect(words).toContain('passes through here, and not through your authorization manager');
  expect(words).not.toContain('never sees');
});

test('no credential of a service is in a log line or in a row', async () => {
  const secrets = /stand-in-(access|refresh|token|secret)-|client-secret-of/;
  expect(bridge.log()).toContain('service_connected');
  expect(bridge.log()).not.toMatch(secrets);
  const { rows } = await bridge.pool.query<{ row: string }>(
    'select a::text as row from service_account a union all select c::text from connect_attempt c',
  );
  expect(rows.length).toBeGreaterThan(0);
  for (const { row } of rows) {
    expect(row).not.toMatch(secrets);
    expect(Buffer.from(row).toString('hex')).not.toContain(Buffer.from('stand-in-').toString('hex'));
  }
});
