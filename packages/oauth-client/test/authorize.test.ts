import { challengeOf, generateSigningKey, publicJwks, thumbprint, verifyJwt } from '@chatelaine/crypto';
import { type ServerMetadata, serverMetadataSchema } from '@chatelaine/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type AuthorizationStarted,
  type ClientIdentity,
  type FinishAuthorizationInput,
  finishAuthorization,
  startAuthorization,
  stateOfCallback,
} from '../src/index.ts';
import { goodMetadata, startServer, type TestServer } from './support/server.ts';

const key = generateSigningKey('ES256');
const dpopKey = generateSigningKey('ES256');
const client: ClientIdentity = {
  clientId: 'https://am.example/clients/abc',
  authentication: { kind: 'private_key_jwt', key },
};
const redirectUri = 'https://am.example/callback/abc';

let server: TestServer;
let metadata: ServerMetadata;
beforeAll(async () => {
  server = await startServer('host');
  metadata = serverMetadataSchema.parse(goodMetadata(server.issuer));
});
afterAll(() => server.close());
beforeEach(() => {
  server.handlers = {};
  server.received.length = 0;
});

async function start(input: { dpop?: boolean; client?: ClientIdentity } = {}): Promise<AuthorizationStarted> {
  const started = await startAuthorization(server.deps, {
    server: metadata,
    client: input.client ?? client,
    redirectUri,
    params: { transfer_scope: 'entries.read' },
    ...(input.dpop === true ? { dpopKey } : {}),
  });
  if (started.kind !== 'ok') throw new Error(JSON.stringify(started));
  return started;
}

describe('starting', () => {
  test('pushes scope=transfer with S256, state and an assertion for this issuer that lives 60 seconds', async () => {
    const started = await start();
    const { form, headers } = server.last();
    expect(Object.fromEntries(form)).toMatchObject({
      client_id: client.clientId,
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: 'transfer',
      transfer_scope: 'entries.read',
      state: started.state,
      code_challenge: challengeOf(started.verifier),
      code_challenge_method: 'S256',
    });
    expect(headers['dpop']).toBeUndefined();
    const checked = await verifyJwt({
      token: form.get('client_assertion') ?? '',
      typ: 'client-authentication+jwt',
      keys: publicJwks([key]),
      issuer: client.clientId,
      subject: client.clientId,
      audience: server.issuer,
      clock: server.deps.clock,
      maxLifetimeSeconds: 60,
    });
    expect(checked.kind).toBe('valid');
  });

  test('sends the browser to the authorization endpoint with client_id and request_uri and nothing else', async () => {
    const url = new URL((await start()).authorizationUrl);
    expect(`${url.origin}${url.pathname}`).toBe(`${server.issuer}/authorize`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: client.clientId,
      request_uri: 'urn:ietf:params:oauth:request_uri:x',
    });
  });

  test('parameters of the caller never replace what protects the flow', async () => {
    await startAuthorization(server.deps, {
      server: metadata,
      client,
      redirectUri,
      params: { scope: 'openid', state: 'mine', redirect_uri: 'https://evil.example', code_challenge_method: 'plain' },
    });
    const form = server.last().form;
    expect(form.get('scope')).toBe('transfer');
    expect(form.get('state')).not.toBe('mine');
    expect(form.get('redirect_uri')).toBe(redirectUri);
    expect(form.get('code_challenge_method')).toBe('S256');
  });

  test('with a DPoP key the request names it and proves it', async () => {
    await start({ dpop: true });
    const jkt = thumbprint(dpopKey.publicJwk);
    expect(server.last().form.get('dpop_jkt')).toBe(jkt);
    expect(await server.jktOf(server.last())).toBe(jkt);
  });

  test('a client without keys sends nothing but its id', async () => {
    await start({ client: { clientId: 'app', authentication: { kind: 'none' } } });
    expect(server.last().form.get('client_id')).toBe('app');
    expect(server.last().form.has('client_assertion')).toBe(false);
  });

  test('a server that wants a DPoP nonce gets it, once, with a new assertion', async () => {
    let asked = 0;
    server.handlers['/par'] = (reply) =>
      asked++ === 0
        ? reply.code(400).header('dpop-nonce', 'n-1').send({ error: 'use_dpop_nonce' })
        : reply.code(201).send({ request_uri: 'urn:x', expires_in: 90 });
    await start({ dpop: true });
    const [first, second] = server.received;
    const payload = JSON.parse(
      Buffer.from(String(second?.headers['dpop']).split('.')[1] ?? '', 'base64url').toString(),
    );
    expect(payload).toMatchObject({ nonce: 'n-1' });
    expect(first?.form.get('client_assertion')).not.toBe(second?.form.get('client_assertion'));
    server.handlers['/par'] = (reply) => reply.code(400).header('dpop-nonce', 'n').send({ error: 'use_dpop_nonce' });
    const refused = await startAuthorization(server.deps, { server: metadata, client, redirectUri, dpopKey });
    expect(refused).toMatchObject({ kind: 'oauth_error', error: { error: 'use_dpop_nonce' } });
  });

  test('no request is made over http where only https is accepted', async () => {
    const strict = { ...server.deps, schemes: ['https'] as const };
    expect(await startAuthorization(strict, { server: metadata, client, redirectUri })).toMatchObject({
      kind: 'unusable',
    });
    expect(server.received).toHaveLength(0);
  });
});

describe('the callback', () => {
  const finish = (started: AuthorizationStarted, query: string, change: Partial<FinishAuthorizationInput> = {}) =>
    finishAuthorization(server.deps, {
      server: metadata,
      client,
      redirectUri,
      relationship: 'link',
      query,
      state: started.state,
      verifier: started.verifier,
      ...change,
    });
  const good = (started: AuthorizationStarted): string =>
    new URLSearchParams({ code: 'cha_ac_x', state: started.state, iss: server.issuer }).toString();

  test('redeems the code with client authentication and verifier and returns tokens with the ceiling', async () => {
    const started = await start();
    const finished = await finish(started, good(started));
    expect(finished).toMatchObject({
      kind: 'ok',
      tokens: { scope: 'transfer', transfer_scope: 'entries.read entries.write' },
    });
    const { form, headers, path } = server.last();
    expect(path).toBe('/token');
    expect(Object.fromEntries(form)).toMatchObject({
      grant_type: 'authorization_code',
      code: 'cha_ac_x',
      code_verifier: started.verifier,
      redirect_uri: redirectUri,
    });
    expect(form.get('client_assertion')).toBeTruthy();
    expect(headers['dpop']).toBeUndefined();
  });

  test('redeems with the connection key where there is one', async () => {
    const started = await start({ dpop: true });
    const finished = await finish(started, good(started), { dpopKey, relationship: 'connection' });
    expect(finished).toMatchObject({ kind: 'ok', tokens: { token_type: 'DPoP' } });
    expect(await server.jktOf(server.last())).toBe(thumbprint(dpopKey.publicJwk));
  });

  test('that does not exactly answer what was started causes no token request', async () => {
    const started = await start();
    server.received.length = 0;
    const { state } = started;
    const iss = server.issuer;
    const queries = [
      '',
      'code=c',
      `code=c&state=${state}`,
      `code=c&state=${state}&iss=`,
      `code=c&state=${state}&iss=http://evil.localhost`,
      `code=c&state=${state}&iss=${iss}/`,
      `code=c&state=${state}x&iss=${iss}`,
      `code=c&iss=${iss}`,
      `code=c&code=d&state=${state}&iss=${iss}`,
      `code=c&state=${state}&state=${state}&iss=${iss}`,
      `code=c&state=${state}&iss=${iss}&iss=${iss}`,
      `state=${state}&iss=${iss}`,
      `code=&state=${state}&iss=${iss}`,
      `code=c&state=${state}&iss=${iss}&response=jarm`,
      `code=c&state=${state}&iss=${iss}&id_token=x`,
      `code=%zz&state=${state}&iss=${iss}`,
    ];
    for (const query of queries) expect([query, (await finish(started, query)).kind]).toEqual([query, 'bad_callback']);
    expect(server.received).toHaveLength(0);
  });

  test('an error in it is returned as denied, and only with the right state and iss', async () => {
    const started = await start();
    server.received.length = 0;
    const query = `error=access_denied&error_description=No&state=${started.state}&iss=`;
    expect(await finish(started, `${query}${server.issuer}`)).toEqual({
      kind: 'denied',
      error: 'access_denied',
      description: 'No',
    });
    expect(await finish(started, `${query}http://evil.localhost`)).toMatchObject({ kind: 'bad_callback' });
    expect(server.received).toHaveLength(0);
  });

  test('an answer that is not what was asked for is unusable, and returns the token for revocation', async () => {
    const started = await start();
    const answers: Record<string, unknown>[] = [
      { scope: 'transfer entries.read' },
      { scope: undefined },
      { transfer_scope: undefined },
      { transfer_scope: 'a  b' },
      { token_type: 'DPoP' },
      { token_type: 'mac' },
      { expires_in: '3600' },
      { expires_in: -1 },
      { expires_in: undefined },
    ];
    for (const change of answers) {
      const tokens = {
        access_token: 't',
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'transfer',
        transfer_scope: 'a',
      };
      server.handlers['/token'] = (reply) => reply.send({ ...tokens, ...change });
      const finished = await finish(started, good(started));
      expect([change, finished]).toMatchObject([change, { kind: 'unusable', accessToken: 't' }]);
    }
    const bearer = await finish(started, good(started), { dpopKey, relationship: 'connection' });
    expect(bearer).toMatchObject({ kind: 'unusable' });
  });

  test('its state can be read to find what was started', () => {
    expect(stateOfCallback('code=c&state=s1')).toBe('s1');
    expect(stateOfCallback('state=a&state=b')).toBeNull();
    expect(stateOfCallback('code=c')).toBeNull();
  });
});
