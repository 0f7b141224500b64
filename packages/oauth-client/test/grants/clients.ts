import { describe, expect, test } from '@jest/globals';
import {
  deleteClient,
  linkClientDocument,
  linkClientId,
  linkRedirectUri,
  registerClient,
  requesterClientDocument,
  requesterClientMetadata,
  revoke,
} from '../../src/index.ts';
import { key, client, server, metadata } from './scene.ts';

export function clients(): void {
  test('revoke sends the hint and takes 200 for success', async () => {
    const input = { server: metadata, client, token: 'grant-1', hint: 'transfer_grant' };
    expect(await revoke(server.deps, input)).toEqual({ kind: 'ok' });
    expect(Object.fromEntries(server.last().form)).toMatchObject({
      token: 'grant-1',
      token_type_hint: 'transfer_grant',
    });
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

    test("a Requester's document declares DPoP and its authentication method", () => {
      const base = { clientId: 'https://r.example/client', name: 'R', redirectUris: ['https://r.example/cb'] };
      const keyed = requesterClientDocument({ ...base, keys: { kind: 'jwks_uri', uri: 'https://r.example/jwks' } });
      expect(keyed).toMatchObject({ token_endpoint_auth_method: 'private_key_jwt', dpop_bound_access_tokens: true });
      expect(requesterClientDocument({ ...base, keys: { kind: 'none' } })).toMatchObject({
        token_endpoint_auth_method: 'none',
      });
    });
  });
}
