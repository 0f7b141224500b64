import { hostTag } from '@chatelaine/crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser, hiddenFields, send } from './support/http.ts';
import type { TestHost } from './support/test-host.ts';
import type { TestAm } from './support/test-am.ts';
import { createWorld, type World } from './support/world.ts';

let world: World;
let host: TestHost;
beforeAll(async () => {
  world = await createWorld();
  host = await world.host();
});
afterAll(() => world.close());

describe('what a Host says of itself', () => {
  test('its metadata lists exactly what works, on its own origin', async () => {
    const { json, headers } = await send(host.port, { path: '/.well-known/oauth-authorization-server' });
    expect(json).toMatchObject({
      issuer: host.issuer,
      token_endpoint: `${host.issuer}/token`,
      require_pushed_authorization_requests: true,
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      protected_resources: [`${host.issuer}/api`],
      client_id_metadata_document_supported: true,
      chatelaine_transfer_scopes: { 'entries.read': 'Read your entries', 'entries.write': 'Add entries for you' },
    });
    expect(json).not.toHaveProperty('registration_endpoint');
    expect(headers['content-type']).toContain('application/json');
    expect((await send(host.port, { method: 'POST', path: '/register' })).status).toBe(404);
  });

  test('its resource document names the very resource and who gives tokens for it', async () => {
    const { json } = await send(host.port, { path: '/.well-known/oauth-protected-resource/api' });
    expect(json).toEqual({
      resource: `${host.issuer}/api`,
      authorization_servers: [host.issuer],
      scopes_supported: ['entries.read', 'entries.write'],
      bearer_methods_supported: ['header'],
      resource_name: 'Photos',
      dpop_signing_alg_values_supported: ['ES256', 'EdDSA'],
      dpop_bound_access_tokens_required: true,
    });
    const refused = await send(host.port, { method: 'POST', path: '/.well-known/oauth-protected-resource/api' });
    expect([refused.status, refused.headers.allow]).toEqual([405, 'GET']);
  });
});

test('it brings its own tables, and starts again on them', async () => {
  const fresh = await world.host({ empty: true, options: { migrate: true } });
  await world.am.link(fresh);
  expect((await fresh.app.chatelaine.access('alice')).length).toBe(1);
  await fresh.app.close();
});

test('settings that cannot be meant are refused at start, in a sentence', async () => {
  for (const [options, sentence] of [
    [{ issuer: 'http://photos.example', demo: false }, 'issuer must be an https origin'],
    [{ issuer: 'https://photos.example/' }, 'issuer must be an https origin'],
    [{ resource: 'https://other.example/api' }, 'resource must be a URL on the origin'],
    [{ scopes: {} }, 'at least one scope'],
    [{ scopes: { transfer: 'Everything' } }, '"transfer" cannot be a scope'],
    [{ scopes: { 'two words': 'x' } }, '"two words" cannot be a scope'],
  ] as const) {
    await expect(world.host({ options })).rejects.toThrow(sentence);
  }
});

describe('who may ask for a link', () => {
  test.each<[string, (am: TestAm, tag: string) => Readonly<Record<string, unknown>>]>([
    ['without an issuer', () => ({ chatelaine_issuer: undefined })],
    ['that names another issuer', () => ({ chatelaine_issuer: 'https://honest.example' })],
    [
      'with a redirect URI for another Host',
      (am) => ({ redirect_uris: [`${am.issuer}/callback/${hostTag('https://other.example')}`] }),
    ],
    [
      'with a redirect URI more',
      (am, tag) => ({ redirect_uris: [`${am.issuer}/callback/${tag}`, `${am.issuer}/callback/x`] }),
    ],
    ['with keys on another origin', () => ({ jwks_uri: 'https://other.example/jwks' })],
    ['with keys in the document itself', (am) => ({ jwks_uri: undefined, jwks: { keys: [am.key.publicJwk] } })],
    ['without authentication', () => ({ token_endpoint_auth_method: 'none' })],
  ])('a client document %s is refused', async (_name, document) => {
    const fresh = await world.host();
    world.am.document = document(world.am, hostTag(fresh.issuer));
    const { answer } = await world.am.push(fresh);
    const page = await send(fresh.port, {
      path: `/authorize?client_id=${encodeURIComponent(world.am.clientId(fresh))}&request_uri=x`,
    });
    world.am.document = {};
    expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_client']);
    expect([page.status, page.headers.location]).toEqual([400, undefined]);
  });

  test('a client document made for another Host is refused here', async () => {
    const clientId = `${world.am.issuer}/clients/${hostTag('https://other.example')}`;
    const page = await send(host.port, { path: `/authorize?client_id=${encodeURIComponent(clientId)}&request_uri=x` });
    expect(page.status).toBe(400);
    expect(page.text).toContain('publishes for this Host');
  });

  test('a pushed request of one AM is not opened under the name of another', async () => {
    const { answer } = await world.am.push(host);
    const query = new URLSearchParams({
      client_id: world.otherAm.clientId(host),
      request_uri: String(answer.json['request_uri']),
    });
    const page = await new Browser(host.port, 'alice').get(`/authorize?${query.toString()}`);
    expect([page.status, page.headers.location]).toEqual([400, undefined]);
  });
});

describe('the authorization request', () => {
  test.each([
    ['transfer with any other scope', { scope: 'transfer entries.read' }, 'invalid_scope'],
    ['any other scope alone', { scope: 'entries.read' }, 'invalid_scope'],
    ['no scope', { scope: undefined }, 'invalid_scope'],
    ['a transfer_scope the Host does not offer', { transfer_scope: 'entries.read entries.delete' }, 'invalid_scope'],
    ['transfer as a transfer_scope', { transfer_scope: 'transfer' }, 'invalid_scope'],
    ['no code_challenge', { code_challenge: undefined }, 'invalid_request'],
    ['a plain code_challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a code_challenge that is none', { code_challenge: 'short' }, 'invalid_request'],
    ['another response_type', { response_type: 'token' }, 'unsupported_response_type'],
    ['another redirect_uri', { redirect_uri: 'https://evil.example/' }, 'invalid_request'],
  ])('%s is refused', async (_name, form, error) => {
    const { answer } = await world.am.push(host, form);
    expect([answer.status, answer.json['error']]).toEqual([400, error]);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test('a request that was not pushed goes nowhere but back, with iss and the state byte for byte', async () => {
    const state = `a b&c=d"ü${'x'.repeat(1000)}`;
    const query = new URLSearchParams({
      client_id: world.am.clientId(host),
      response_type: 'code',
      state,
      scope: 'transfer',
    });
    const answer = await new Browser(host.port, 'alice').get(`/authorize?${query.toString()}`);
    const back = new URL(answer.headers.location ?? '');
    expect(answer.status).toBe(303);
    expect(back.origin + back.pathname).toBe(`${world.am.issuer}/callback/${hostTag(host.issuer)}`);
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ error: 'invalid_request', state, iss: host.issuer });
  });

  test('an unknown client and a foreign redirect_uri get a page, never a redirect', async () => {
    for (const params of [
      { client_id: 'https://nobody.example/clients/x' },
      { client_id: world.am.clientId(host), redirect_uri: 'https://evil.example/' },
    ]) {
      const answer = await new Browser(host.port, 'alice').get(
        `/authorize?${new URLSearchParams({ response_type: 'code', ...params }).toString()}`,
      );
      expect([answer.status, answer.headers.location]).toEqual([400, undefined]);
      expect(answer.headers['content-type']).toContain('text/html');
    }
  });
});

describe('consent', () => {
  test('nobody signed in is sent to the app’s own sign-in and comes back to the same request', async () => {
    const { address } = await world.am.push(host);
    const answer = await new Browser(host.port).get(address);
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe(`/sign-in?return_to=${encodeURIComponent(address)}`);
  });

  test('the page says who asks, by address, and what it may have at most, and lets nothing run', async () => {
    world.am.document = { client_name: '<script>alert(1)</script>' };
    const fresh = await world.host();
    const { address } = await world.am.push(fresh, { transfer_scope: 'entries.read' });
    const page = await new Browser(fresh.port, 'alice').get(address);
    world.am.document = {};
    expect(page.text).toContain(`am.localhost:${world.am.port}`);
    expect(page.text).toContain('alice at Photos');
    expect(page.text).toContain('Read your entries');
    expect(page.text).not.toContain('Add entries for you');
    expect(page.text).not.toContain('<script');
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(page.headers['content-security-policy']).toContain(`form-action 'self' ${world.am.issuer};`);
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
    const browser = new Browser(host.port, 'refuser');
    const page = await browser.get(address);
    const answer = await browser.post('/authorize', { ...hiddenFields(page.text), decision: 'deny' });
    const back = new URL(answer.headers.location ?? '');
    expect(answer.status).toBe(303);
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
    const browser = new Browser(host.port, 'alice');
    const fields = hiddenFields((await browser.get(address)).text);
    const good = { ...fields, 'allow:entries.read': 'yes', decision: 'allow' };
    expect((await browser.post('/authorize', { ...good, csrf: undefined })).status).toBe(403);
    expect((await new Browser(host.port, 'alice').post('/authorize', good)).status).toBe(403);
    expect((await browser.post('/authorize', good, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await browser.post('/authorize', good, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await browser.post('/authorize', good)).status).toBe(303);
  });

  test('one browser’s request opens in no other', async () => {
    const { address } = await world.am.push(host);
    expect((await new Browser(host.port, 'alice').get(address)).status).toBe(200);
    expect((await new Browser(host.port, 'mallory').get(address)).status).toBe(400);
  });
});

describe('the code', () => {
  test('carries iss and state back, and is good for one link with scope=transfer alone', async () => {
    const { address, verifier } = await world.am.push(host);
    const { answer, code } = await world.am.consent(host, { address, user: 'alice' });
    expect(Object.fromEntries(new URL(answer.headers.location ?? '').searchParams)).toMatchObject({
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
