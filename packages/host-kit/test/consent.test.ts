import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hiddenFields } from '@chatelaine/test-kit';
import type { TestHost } from './support/test-host.ts';
import { createWorld, type World } from './support/world.ts';

let world: World;
let host: TestHost;
beforeAll(async () => {
  world = await createWorld();
  host = await world.host();
});
afterAll(() => world.close());

describe('consent', () => {
  test('nobody signed in is sent to the app’s own sign-in and comes back to the same request', async () => {
    const { address } = await world.am.push(host);
    const answer = await host.browser().get(address);
    expect(answer.status).toBe(303);
    expect(answer.onward).toBe(`/sign-in?return_to=${encodeURIComponent(address)}`);
  });

  test('the page says who asks, by address, and what it may have at most, and lets nothing run', async () => {
    world.am.document = { client_name: '<script>alert(1)</script>' };
    const fresh = await world.host();
    const { address } = await world.am.push(fresh, { transfer_scope: 'entries.read' });
    const page = await fresh.browser('alice').get(address);
    world.am.document = {};
    expect(page.text).toContain(`am.localhost:${world.am.port}`);
    expect(page.text).toContain('alice at Photos');
    expect(page.text).toContain('Read your entries');
    expect(page.text).not.toContain('Add entries for you');
    expect(page.text).not.toContain('<script');
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(page.headers['content-security-policy']).toContain(`form-action 'self';`);
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(page.headers['cache-control']).toBe('no-store');
  });

  test('the owner sets the ceiling, narrower than asked, and every answer to the AM tells it', async () => {
    const link = await world.am.link(host, { tick: ['entries.read'] });
    expect(link.ceiling).toBe('entries.read');
    const refreshed = await world.am.post(host, '/token', {
      grant_type: 'refresh_token',
      refresh_token: link.refreshToken,
    });
    expect(refreshed.json).toMatchObject({ scope: 'transfer', transfer_scope: 'entries.read', token_type: 'Bearer' });
    expect(refreshed.json).not.toHaveProperty('refresh_token');
    const over = await world.am.transfer(host, { link, scope: 'entries.write' });
    expect([over.status, over.json['error']]).toEqual([400, 'invalid_scope']);
  });

  test('a ticked permission that was not asked for is not granted', async () => {
    const { address, verifier } = await world.am.push(host, { transfer_scope: 'entries.read' });
    const { code } = await world.am.consent(host, {
      address,
      user: 'alice',
      tick: ['entries.read', 'entries.write', 'transfer'],
    });
    const answer = await world.am.redeem(host, { code: code ?? '', verifier });
    expect(answer.json['transfer_scope']).toBe('entries.read');
  });

  test.each([
    ['nothing ticked', { tick: [] }],
    ['an end in the past', { until: '2020-01-01' }],
    ['a day that does not exist', { until: '2099-02-31' }],
    ['an end that is no day', { until: 'tomorrow' }],
  ])('%s shows the page again and grants nothing', async (_name, input) => {
    const { address } = await world.am.push(host);
    const { answer, code } = await world.am.consent(host, { address, user: 'alice', ...input });
    expect([answer.status, code]).toEqual([400, null]);
    expect(answer.text).toContain('role="alert"');
  });

  test('an end is kept to', async () => {
    const day = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    await world.am.link(host, { user: 'until', until: day });
    const [link] = await host.app.chatelaine.access('until');
    expect(link?.until).toBe(Date.parse(`${day}T00:00:00Z`) / 1000 + 86_400);
  });

  test('refusing answers access_denied with iss and state, and leaves nothing', async () => {
    const { address } = await world.am.push(host);
    const browser = host.browser('refuser');
    const page = await browser.get(address);
    const answer = await browser.post('/authorize', { ...hiddenFields(page.text), decision: 'deny' });
    const back = new URL(answer.onward ?? '');
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(back.searchParams)).toMatchObject({
      error: 'access_denied',
      iss: host.issuer,
      state: 'a state',
    });
    expect(await host.app.chatelaine.access('refuser')).toEqual([]);
    expect((await browser.post('/authorize', { ...hiddenFields(page.text), decision: 'allow' })).status).toBe(400);
  });

  test('a form without its token, with another browser’s, or from another site is refused', async () => {
    const { address } = await world.am.push(host);
    const browser = host.browser('alice');
    const fields = hiddenFields((await browser.get(address)).text);
    const good = { ...fields, 'allow:entries.read': 'yes', decision: 'allow' };
    expect((await browser.post('/authorize', { ...good, csrf: undefined })).status).toBe(403);
    expect((await host.browser('alice').post('/authorize', good)).status).toBe(403);
    expect((await browser.post('/authorize', good, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await browser.post('/authorize', good, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await browser.post('/authorize', good)).onward).toContain('code=');
  });

  test('one browser’s request opens in no other', async () => {
    const { address } = await world.am.push(host);
    expect((await host.browser('alice').get(address)).status).toBe(200);
    expect((await host.browser('mallory').get(address)).status).toBe(400);
  });
});

describe('the code', () => {
  test('carries iss and state back, and is good for one link with scope=transfer alone', async () => {
    const { address, verifier } = await world.am.push(host);
    const { answer, code } = await world.am.consent(host, { address, user: 'alice' });
    expect(Object.fromEntries(new URL(answer.onward ?? '').searchParams)).toMatchObject({
      iss: host.issuer,
      state: 'a state',
    });
    const redeemed = await world.am.redeem(host, { code: code ?? '', verifier });
    expect(redeemed.json).toMatchObject({
      scope: 'transfer',
      token_type: 'Bearer',
      expires_in: 3600,
      transfer_scope: 'entries.read entries.write',
    });
    expect(String(redeemed.json['access_token'])).toMatch(/^cha_lt_/);
  });

  test('used twice it kills what it gave', async () => {
    const { address, verifier } = await world.am.push(host);
    const { code } = await world.am.consent(host, { address, user: 'alice' });
    const first = await world.am.redeem(host, { code: code ?? '', verifier });
    const link = { accessToken: String(first.json['access_token']) };
    const token = await world.am.token(host, { link });
    expect((await host.call(token)).status).toBe(200);
    expect((await world.am.redeem(host, { code: code ?? '', verifier })).json['error']).toBe('invalid_grant');
    expect((await world.am.transfer(host, { link })).json['error']).toBe('invalid_request');
    expect((await host.call(token)).status).toBe(401);
  });

  test('of one AM is worth nothing to another, nor with a wrong verifier', async () => {
    const { address, verifier } = await world.am.push(host);
    const { code } = await world.am.consent(host, { address, user: 'alice' });
    expect((await world.otherAm.redeem(host, { code: code ?? '', verifier })).json['error']).toBe('invalid_grant');
    expect((await world.am.redeem(host, { code: code ?? '', verifier: 'w'.repeat(43) })).json['error']).toBe(
      'invalid_grant',
    );
  });

  test('is redeemed by exactly one of many at once, over two processes', async () => {
    const replica = await world.replica(host);
    const { address, verifier } = await world.am.push(host);
    const { code } = await world.am.consent(host, { address, user: 'alice' });
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        world.am.redeem(index % 2 === 0 ? host : replica, { code: code ?? '', verifier }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.every(({ status, json }) => status === 200 || json['error'] === 'invalid_grant')).toBe(true);
  });

  test('needs the AM’s own authentication', async () => {
    const { address, verifier } = await world.am.push(host);
    const { code } = await world.am.consent(host, { address, user: 'alice' });
    const form = { grant_type: 'authorization_code', code: code ?? '', code_verifier: verifier };
    const stranger = await world.am.post(host, '/token', {
      ...form,
      client_assertion: undefined,
      client_assertion_type: undefined,
      client_id: world.am.clientId(host),
    });
    expect([stranger.status, stranger.json['error']]).toEqual([401, 'invalid_client']);
    for (const claims of [{ aud: [host.issuer] }, { aud: `${host.issuer}/token` }, { sub: 'somebody' }]) {
      const answer = await world.am.post(host, '/token', { ...form, ...(await world.am.authentication(host, claims)) });
      expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_client']);
    }
    const assertion = await world.am.authentication(host);
    const once = await world.am.post(host, '/token', {
      grant_type: 'refresh_token',
      refresh_token: 'cha_rt_x',
      ...assertion,
    });
    expect(once.json['error']).toBe('invalid_grant');
    const twice = await world.am.post(host, '/token', { ...form, ...assertion });
    expect([twice.status, twice.json['error']]).toEqual([401, 'invalid_client']);
  });
});
