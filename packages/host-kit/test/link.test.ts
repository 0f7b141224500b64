import { hostTag } from '@chatelaine/crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser, send } from './support/http.ts';
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
      dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519'],
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
  test.each<[string, string, (am: TestAm, tag: string) => Readonly<Record<string, unknown>>]>([
    ['without an issuer', 'names no issuer', () => ({ chatelaine_issuer: undefined })],
    ['of another issuer', 'other than its own origin', () => ({ chatelaine_issuer: 'https://honest.example' })],
    ['with another redirect URI', 'redirect URI', (am) => ({ redirect_uris: [`${am.issuer}/callback/other`] })],
    [
      'with one redirect URI more',
      'redirect URI',
      (am, tag) => ({ redirect_uris: [`${am.issuer}/callback/${tag}`, `${am.issuer}/callback/x`] }),
    ],
    ['with keys elsewhere', 'on its own origin', () => ({ jwks_uri: 'https://other.example/jwks' })],
    ['with keys in it', 'on its own origin', (am) => ({ jwks_uri: undefined, jwks: { keys: [am.key.publicJwk] } })],
    ['without authentication', 'private_key_jwt', () => ({ token_endpoint_auth_method: 'none' })],
  ])('a client document %s is refused, and its developer told why', async (_name, sentence, document) => {
    const fresh = await world.host();
    world.am.document = document(world.am, hostTag(fresh.issuer));
    const { answer } = await world.am.push(fresh);
    const address = `/authorize?client_id=${encodeURIComponent(world.am.clientId(fresh))}&request_uri=x`;
    const page = await send(fresh.port, { path: address });
    world.am.document = {};
    expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_client']);
    expect([page.status, page.headers.location]).toEqual([400, undefined]);
    expect(page.text).toContain(sentence);
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
