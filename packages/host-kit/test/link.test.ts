import { challengeOf, createVerifier, hostTag } from '@chatelaine/crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { send } from '@chatelaine/test-kit';
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
    expect([page.status, page.onward]).toEqual([400, undefined]);
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
    const page = await host.browser('alice').get(`/authorize?${query.toString()}`);
    expect([page.status, page.onward]).toEqual([400, undefined]);
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
    const answer = await host.browser('alice').get(`/authorize?${query.toString()}`);
    const back = new URL(answer.onward ?? '');
    expect(answer.status).toBe(303);
    expect(back.origin + back.pathname).toBe(`${world.am.issuer}/callback/${hostTag(host.issuer)}`);
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ error: 'invalid_request', state, iss: host.issuer });
  });

  test('an unknown client and a foreign redirect_uri get a page, never a redirect', async () => {
    for (const params of [
      { client_id: 'https://nobody.example/clients/x' },
      { client_id: world.am.clientId(host), redirect_uri: 'https://evil.example/' },
    ]) {
      const answer = await host
        .browser('alice')
        .get(`/authorize?${new URLSearchParams({ response_type: 'code', ...params }).toString()}`);
      expect([answer.status, answer.onward]).toEqual([400, undefined]);
      expect(answer.headers['content-type']).toContain('text/html');
    }
  });
});

// ---- a code without a redirect, for a Host that is a Requester, too: PROTOCOL §2.3

const REQUESTER = 'https://lifestream.example/client';

/** What the app does when somebody ticked "and share what I have here". */
async function grant(verifier: string, input: { owner?: string; am?: TestAm; clientId?: string } = {}) {
  const { owner = 'alice', am = world.am, clientId = am.clientId(host) } = input;
  const codeChallenge = challengeOf(verifier);
  return host.app.chatelaine.hostGrant({ owner, amClientId: clientId, codeChallenge, scopes: ['entries.read'] });
}
async function codeFor(verifier: string, owner = 'alice'): Promise<string> {
  const outcome = await grant(verifier, { owner });
  if (outcome.kind !== 'issued') throw new Error(outcome.sentence);
  return outcome.hostGrant;
}

test('a Host that is a Requester, too, names it in its metadata', async () => {
  const { port, issuer } = await world.host({ name: 'lifestream', options: { requester: REQUESTER } });
  const { json } = await send(port, { path: '/.well-known/oauth-authorization-server' });
  expect(json).toMatchObject({ issuer, chatelaine_requester: REQUESTER });
});

describe('a grant issued without a redirect', () => {
  test('is redeemed by its AM with the verifier for a link as wide as the ceiling, and tokens come of it', async () => {
    const verifier = createVerifier();
    const code = await codeFor(verifier, 'robin');
    const form = { redirect_uri: `${world.am.issuer}/callback/${world.am.clientId(host).split('/').at(-1)}` };
    const { status, json } = await world.am.redeem(host, { code, verifier, form });
    expect([status, json['scope'], json['transfer_scope']]).toEqual([200, 'transfer', 'entries.read']);
    const link = { accessToken: String(json['access_token']) };
    const token = await world.am.token(host, { link });
    expect((await host.call(token)).json).toMatchObject({ access: { owner: 'robin', am: world.am.issuer } });
    const wider = await world.am.transfer(host, { link, scope: 'entries.write' });
    expect(wider.json).toMatchObject({ error: 'invalid_scope' });
    expect(await host.app.chatelaine.access('robin')).toMatchObject([
      { am: world.am.issuer, ceiling: ['entries.read'] },
    ]);
  });

  test('is worth nothing with another verifier, and then not with the right one either', async () => {
    const verifier = createVerifier();
    const code = await codeFor(verifier);
    for (const each of [createVerifier(), verifier]) {
      const answer = await world.am.redeem(host, { code, verifier: each });
      expect([answer.status, answer.json['error']]).toEqual([400, 'invalid_grant']);
    }
  });

  test('is worth nothing to another AM', async () => {
    const verifier = createVerifier();
    const code = await codeFor(verifier);
    expect((await world.otherAm.redeem(host, { code, verifier })).json).toMatchObject({ error: 'invalid_grant' });
    expect((await world.am.redeem(host, { code, verifier })).status).toBe(200);
  });

  test('counts once: redeemed again, what it gave is ended', async () => {
    const verifier = createVerifier();
    const code = await codeFor(verifier, 'sam');
    expect((await world.am.redeem(host, { code, verifier })).status).toBe(200);
    expect((await world.am.redeem(host, { code, verifier })).json).toMatchObject({ error: 'invalid_grant' });
    expect(await host.app.chatelaine.access('sam')).toEqual([]);
  });

  test('lives five minutes, and is on nobody’s list before it is redeemed', async () => {
    await codeFor(createVerifier(), 'mia');
    expect(await host.app.chatelaine.access('mia')).toEqual([]);
    const { rows } = await host.pool.query(
      `select round(extract(epoch from c.expires_at - c.created_at))::int as seconds from oauth_code c
         join oauth_grant g on g.id = c.grant_id where g.subject = 'mia'`,
    );
    expect(rows).toEqual([{ seconds: 300 }]);
  });
});

describe('nothing is issued', () => {
  test('to what is not an AM’s client document for this very Host', async () => {
    const other = await world.host({ name: 'notes' });
    const ids = [
      world.am.clientId(other),
      `${world.am.issuer}/clients/elsewhere`,
      `${host.issuer}/clients/${world.am.clientId(host).split('/').at(-1)}`,
      'a registered client',
    ];
    for (const clientId of ids) expect(await grant(createVerifier(), { clientId })).toMatchObject({ kind: 'refused' });
  });

  test('to an AM whose document is another’s', async () => {
    const third = await world.host({ name: 'calendar' });
    world.otherAm.document = { redirect_uris: ['https://evil.example/callback'] };
    const input = { owner: 'alice', codeChallenge: challengeOf(createVerifier()), scopes: ['entries.read'] };
    const refused = await third.app.chatelaine.hostGrant({ ...input, amClientId: world.otherAm.clientId(third) });
    world.otherAm.document = {};
    expect(refused).toMatchObject({ kind: 'refused', sentence: expect.stringContaining('redirect URI') });
  });

  test('for what the Host does not have, or without a challenge', async () => {
    const good = {
      owner: 'alice',
      amClientId: world.am.clientId(host),
      codeChallenge: challengeOf(createVerifier()),
      scopes: ['entries.read'],
    };
    for (const wrong of [{ scopes: [] }, { scopes: ['transfer'] }, { codeChallenge: 'short' }, { codeChallenge: '' }])
      await expect(host.app.chatelaine.hostGrant({ ...good, ...wrong })).rejects.toThrow(TypeError);
  });
});
