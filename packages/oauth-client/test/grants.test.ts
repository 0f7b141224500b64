import { generateSigningKey, thumbprint } from '@chatelaine/crypto';
import { type ServerMetadata, serverMetadataSchema } from '@chatelaine/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type ClientIdentity,
  deleteClient,
  exchange,
  fetchResource,
  linkClientDocument,
  linkClientId,
  linkRedirectUri,
  refresh,
  registerClient,
  requesterClientDocument,
  requesterClientMetadata,
  revoke,
} from '../src/index.ts';
import { goodMetadata, startServer, type TestServer } from './support/server.ts';

const key = generateSigningKey('EdDSA');
const dpopKey = generateSigningKey('EdDSA');
const client: ClientIdentity = {
  clientId: 'https://r.example/client',
  authentication: { kind: 'private_key_jwt', key },
};

let server: TestServer;
let metadata: ServerMetadata;
beforeAll(async () => {
  server = await startServer('am');
  metadata = serverMetadataSchema.parse(goodMetadata(server.issuer));
});
afterAll(() => server.close());
beforeEach(() => {
  server.handlers = {};
  server.received.length = 0;
});

const refreshed = () =>
  refresh(server.deps, { server: metadata, client, relationship: 'connection', refreshToken: 'cha_rt_1', dpopKey });
const exchanged = (more: { actorToken?: string; params?: Record<string, string> } = {}) =>
  exchange(server.deps, {
    server: metadata,
    client,
    subjectToken: 'cha_ct_1',
    resource: 'https://photos.example/api',
    scope: 'entries.read',
    dpopKey,
    ...more,
  });

test('refresh sends the refresh token under the relationship key', async () => {
  expect(await refreshed()).toMatchObject({ kind: 'ok', tokens: { token_type: 'DPoP' } });
  expect(server.last().form.get('grant_type')).toBe('refresh_token');
  expect(server.last().form.get('refresh_token')).toBe('cha_rt_1');
  expect(await server.jktOf(server.last())).toBe(thumbprint(dpopKey.publicJwk));
});

test('exchange is RFC 8693 with one resource, and an actor token only when given', async () => {
  expect(await exchanged()).toMatchObject({ kind: 'ok', response: { token_type: 'DPoP', iss: server.issuer } });
  expect(Object.fromEntries(server.last().form)).toMatchObject({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: 'cha_ct_1',
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    resource: 'https://photos.example/api',
    scope: 'entries.read',
  });
  expect(server.last().form.has('actor_token')).toBe(false);
  await exchanged({ actorToken: 'a.b.c', params: { completion_mode: 'deferred', resource: 'https://evil.example' } });
  const { form } = server.last();
  expect(form.get('actor_token_type')).toBe('urn:ietf:params:oauth:token-type:jwt');
  expect(form.get('completion_mode')).toBe('deferred');
  expect(form.get('resource')).toBe('https://photos.example/api');
});

test('every member of a transfer answer is there and of its type, or the answer is unusable', async () => {
  const good = {
    access_token: 't',
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'DPoP',
    expires_in: 300,
    scope: 'entries.read',
    resource: 'https://photos.example/api',
    iss: 'https://photos.example',
  };
  for (const change of [
    { issued_token_type: undefined },
    { token_type: 'N_A' },
    { expires_in: '300' },
    { expires_in: -5 },
    { scope: undefined },
    { resource: 7 },
    { iss: undefined },
    { cnf: 'k' },
  ]) {
    server.handlers['/token'] = (reply) => reply.send({ ...good, ...change });
    expect([change, await exchanged()]).toMatchObject([change, { kind: 'unusable', accessToken: 't' }]);
  }
  server.handlers['/token'] = (reply) => reply.send({ ...good, refresh_token: 'leak' });
  expect(JSON.stringify(await exchanged())).not.toContain('leak');
});

describe('a refusal is told as the server said it', () => {
  test.each([
    [400, { error: 'invalid_target', error_description: 'no' }, undefined],
    [400, { error: 'interaction_required', interaction_uri: 'https://am.example/asks/1' }, undefined],
    [401, { error: 'invalid_client' }, undefined],
    [429, { error: 'temporarily_unavailable' }, 30],
    [502, { error: 'server_error' }, undefined],
    [503, { error: 'temporarily_unavailable' }, 5],
  ])('%d %j', async (status, error, retryAfter) => {
    server.handlers['/token'] = (reply) => {
      if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
      if (status === 401) reply.header('www-authenticate', 'DPoP error="invalid_client"');
      return reply.code(status).send(error);
    };
    const expected = { kind: 'oauth_error', status, error, ...(retryAfter === undefined ? {} : { retryAfter }) };
    expect(await exchanged()).toEqual(expected);
    expect(await refreshed()).toEqual(expected);
  });
});

test('what is neither a token nor an OAuth error is unusable', async () => {
  const answers = [
    (reply: Reply) => reply.type('text/html').send('<h1>proxy</h1>'),
    (reply: Reply) => reply.code(502).type('text/html').send('<h1>proxy</h1>'),
    (reply: Reply) => reply.redirect('http://evil.localhost/token', 307),
    (reply: Reply) => reply.code(204).send(),
    (reply: Reply) => reply.send('null'),
    (reply: Reply) => reply.type('application/json').send('{"access_token":"t","access_token":"u"}'),
    (reply: Reply) => reply.type('application/json').send('{"access_token"'),
    (reply: Reply) => reply.code(400).send({ message: 'no error member' }),
    (reply: Reply) => reply.code(400).type('text/plain').send('{"error":"invalid_grant"}'),
    (reply: Reply) => reply.send({ error: 'invalid_grant' }),
    (reply: Reply) => reply.type('application/json').send(`{"access_token":"${'x'.repeat(70_000)}"}`),
  ];
  for (const [index, answer] of answers.entries()) {
    server.handlers['/token'] = answer;
    expect([index, (await exchanged()).kind]).toEqual([index, 'unusable']);
    expect([index, (await refreshed()).kind]).toEqual([index, 'unusable']);
  }
});
type Reply = Parameters<TestServer['handlers'][string]>[0];

test('no answer in time is a timeout, no connection is unreachable', async () => {
  server.handlers['/token'] = () => new Promise(() => undefined);
  expect(await exchanged()).toEqual({ kind: 'timeout' });
  server.handlers['/token'] = (reply) => reply.raw.destroy();
  expect(await exchanged()).toMatchObject({ kind: 'unreachable' });
  const elsewhere = { ...metadata, issuer: 'http://gone.localhost:9', token_endpoint: 'http://gone.localhost:9/token' };
  const unknown = await exchange(server.deps, {
    server: elsewhere,
    client,
    subjectToken: 's',
    resource: 'r',
    scope: 'x',
  });
  expect(unknown).toMatchObject({ kind: 'unreachable' });
});

test('revoke sends the hint and takes 200 for done', async () => {
  const input = { server: metadata, client, token: 'grant-1', hint: 'transfer_grant' };
  expect(await revoke(server.deps, input)).toEqual({ kind: 'ok' });
  expect(Object.fromEntries(server.last().form)).toMatchObject({ token: 'grant-1', token_type_hint: 'transfer_grant' });
  server.handlers['/revoke'] = (reply) => reply.code(503).send({ error: 'temporarily_unavailable' });
  expect(await revoke(server.deps, input)).toMatchObject({ kind: 'oauth_error', status: 503 });
  server.handlers['/revoke'] = (reply) => reply.code(202).send();
  expect(await revoke(server.deps, input)).toMatchObject({ kind: 'unusable' });
});

describe('registration', () => {
  const wanted = requesterClientMetadata({
    name: 'Small app',
    redirectUris: ['http://127.0.0.1:7777/callback'],
    keys: { kind: 'jwks', keys: [key] },
  });

  test('registers public keys only and can delete itself again', async () => {
    const registered = await registerClient(server.deps, { server: metadata, metadata: wanted });
    expect(registered).toMatchObject({ kind: 'ok', clientId: 'registered-1', registrationAccessToken: 'cha_ra_x' });
    expect(server.last().body).not.toContain(key.privateJwk.d);
    const registration = {
      server: metadata,
      registrationClientUri: `${server.issuer}/register/registered-1`,
      registrationAccessToken: 'cha_ra_x',
    };
    expect(await deleteClient(server.deps, registration)).toEqual({ kind: 'ok' });
    expect(server.last()).toMatchObject({ method: 'DELETE', headers: { authorization: 'Bearer cha_ra_x' } });
    server.handlers['/register/registered-1'] = (reply) =>
      reply.code(401).header('www-authenticate', 'Bearer error="invalid_token"').send({ error: 'invalid_token' });
    expect(await deleteClient(server.deps, registration)).toEqual({ kind: 'gone' });
  });

  test('the token that deletes it is sent to no other origin', async () => {
    server.handlers['/register'] = (reply, { body }) =>
      reply.code(201).send({
        ...(JSON.parse(body) as object),
        client_id: 'r',
        registration_access_token: 'secret',
        registration_client_uri: 'http://evil.localhost/register/r',
      });
    expect(await registerClient(server.deps, { server: metadata, metadata: wanted })).toMatchObject({
      kind: 'unusable',
    });
    server.received.length = 0;
    const evil = { registrationClientUri: 'http://evil.localhost/x', registrationAccessToken: 'secret' };
    expect(await deleteClient(server.deps, { server: metadata, ...evil })).toMatchObject({ kind: 'unusable' });
  });
});

describe('client documents', () => {
  test("an AM's document for a Host is a function of both issuers", () => {
    const [am, host] = ['https://am.example', 'https://photos.example'];
    const clientId = linkClientId(am, host);
    const tag = clientId.slice(-22);
    const document = linkClientDocument({ amIssuer: am, tag, name: 'My AM', jwksUri: `${am}/jwks` });
    expect(document).toEqual({
      client_id: clientId,
      client_name: 'My AM',
      client_uri: am,
      redirect_uris: [linkRedirectUri(am, host)],
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange'],
      response_types: ['code'],
      scope: 'transfer',
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: `${am}/jwks`,
      chatelaine_issuer: am,
    });
    expect(linkClientId(am, 'https://notes.example')).not.toBe(clientId);
  });

  test("a Requester's document says DPoP and how it authenticates", () => {
    const base = { clientId: 'https://r.example/client', name: 'R', redirectUris: ['https://r.example/cb'] };
    const keyed = requesterClientDocument({ ...base, keys: { kind: 'jwks_uri', uri: 'https://r.example/jwks' } });
    expect(keyed).toMatchObject({ token_endpoint_auth_method: 'private_key_jwt', dpop_bound_access_tokens: true });
    expect(requesterClientDocument({ ...base, keys: { kind: 'none' } })).toMatchObject({
      token_endpoint_auth_method: 'none',
    });
  });
});

describe('an authorized request', () => {
  const call = () =>
    fetchResource(server.deps, { url: `${server.issuer}/api/entries?x=1`, accessToken: 'cha_at_1', dpopKey });

  test('carries the token as DPoP with a proof for this token, method and URL', async () => {
    server.handlers['/api/entries'] = (reply) => reply.send({ entries: [] });
    expect(await call()).toMatchObject({ kind: 'answer' });
    expect(server.last().headers['authorization']).toBe('DPoP cha_at_1');
    expect(await server.jktOf(server.last(), 'cha_at_1')).toBe(thumbprint(dpopKey.publicJwk));
  });

  test('is repeated once when the server wants a nonce', async () => {
    server.handlers['/api/entries'] = (reply) =>
      reply.code(401).header('www-authenticate', 'DPoP error="use_dpop_nonce"').header('dpop-nonce', 'n1').send({});
    expect(await call()).toMatchObject({ kind: 'answer', response: expect.objectContaining({ status: 401 }) });
    expect(server.received).toHaveLength(2);
  });
});
