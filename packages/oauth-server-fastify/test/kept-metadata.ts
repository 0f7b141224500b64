import { generateKeyPairSync } from 'node:crypto';
import { generateSigningKey, publicJwks } from '@chatelaine/crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, postJson, send } from '@chatelaine/test-kit';
import { expectPage } from './authorize.ts';
import { call, documented, identification, type Party, REDIRECT_URI, registered } from './clients.ts';
import { authorizePath, connected, refreshed, requestOf } from './flow.ts';
import type { Rig } from './rig.ts';

/**
 * Metadata as clients in the field send and publish them: what means nothing here is left out, and the answer says what
 * was kept. RFC 7591 §3.2.1.
 */
export function keptMetadata(rigOf: () => Rig): void {
  describe('metadata of clients in the field', () => {
    let rig: Rig;
    beforeAll(() => {
      rig = rigOf();
    });
    const register = (metadata: object): Promise<Answer> =>
      postJson(rig.am.ports[0], '/register', { redirect_uris: [REDIRECT_URI], ...metadata });
    const arrive = (party: Party, redirect_uri: string): Promise<Answer> =>
      send(rig.am.ports[1], { path: authorizePath({ ...requestOf(rig.am, party), redirect_uri }) });
    const { publicJwk, privateJwk } = generateSigningKey();
    const rsa = {
      ...generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }),
      alg: 'RS256',
      kid: 'rsa',
    };

    test('a private-use redirect URI beside others is left out of registrations and documents alike', async () => {
      const odd = [
        'cursor://anysphere.cursor-mcp/oauth/callback',
        'com.example.app:/cb',
        'http://app.example/cb',
        'https://10.0.0.1/cb',
        'javascript:alert(1)',
        `https://app.example/${'a'.repeat(3000)}`,
        'https://app.example/ü',
        '',
        null,
        7,
      ];
      const redirect_uris = [...odd.slice(0, 5), 'http://localhost:8787/callback', REDIRECT_URI, ...odd.slice(5)];
      const kept = ['http://localhost:8787/callback', REDIRECT_URI];
      const answer = await register({ redirect_uris });
      expect(answer).toMatchObject({ status: 201, json: { redirect_uris: kept } });
      const party = await registered(rig, { redirect_uris });
      const published = documented(rig, rig.am, { redirect_uris });
      for (const client of [party, published]) {
        for (const uri of kept) expect((await arrive(client, uri)).status).toBe(303);
        for (const uri of odd) expectPage(await arrive(client, String(uri)));
      }
    });

    test('members that are null or "" are not there, in the answer and when it is read again', async () => {
      const optional = [
        'client_name',
        'client_uri',
        'logo_uri',
        'tos_uri',
        'policy_uri',
        'grant_types',
        'response_types',
        'scope',
        'token_endpoint_auth_method',
        'token_endpoint_auth_signing_alg',
        'jwks',
        'jwks_uri',
        'dpop_bound_access_tokens',
        'software_id',
        'software_version',
        'software_statement',
        'contacts',
        'application_type',
      ];
      const usual = await register({});
      const { client_id: _id, registration_access_token: _token, registration_client_uri: _uri, ...rest } = usual.json;
      for (const value of [null, '']) {
        const answer = await register(Object.fromEntries(optional.map((name) => [name, value])));
        expect(answer).toMatchObject({ status: 201, json: { ...rest, client_id_issued_at: expect.any(Number) } });
        const { client_id: id, registration_access_token: token } = answer.json;
        const headers = { authorization: `Bearer ${String(token)}` };
        const read = await send(rig.am.ports[1], { path: `/register/${String(id)}`, headers });
        for (const { json, text } of [answer, read]) {
          expect(Object.keys(json).filter((name) => json[name] === null || json[name] === '')).toEqual([]);
          expect(text).not.toMatch(/:(null|"")[,}]/);
        }
        const published = documented(rig, rig.am, {
          ...Object.fromEntries(optional.map((name) => [name, value])),
          jwks: publicJwks([generateSigningKey()]),
        });
        expect((await arrive(published, REDIRECT_URI)).status).toBe(303);
      }
    });

    test('grant types, response types and application types of other servers are left out', async () => {
      const metadata = {
        grant_types: ['authorization_code', 'implicit', 'urn:ietf:params:oauth:grant-type:device_code', 7],
        response_types: ['code', 'id_token', 'code token', null],
        application_type: 'native',
        scope: '  transfer  openid ',
      };
      const answer = await register(metadata);
      expect(answer).toMatchObject({
        status: 201,
        json: { grant_types: ['authorization_code'], response_types: ['code'], scope: 'transfer' },
      });
      expect(answer.json).not.toHaveProperty('application_type');
      expect((await arrive(documented(rig, rig.am, metadata), REDIRECT_URI)).headers.location).toContain('request_uri');
    });

    test('a malformed member that something is decided by refuses the whole, and so does what is missing', async () => {
      for (const metadata of [
        { redirect_uris: null },
        { redirect_uris: '' },
        { grant_types: 'authorization_code' },
        { grant_types: { 0: 'authorization_code' } },
        { grant_types: ['implicit'] },
        { response_types: ['token'] },
        { scope: 7 },
        { token_endpoint_auth_method: 7 },
        { token_endpoint_auth_method: ['none'] },
        { token_endpoint_auth_signing_alg: {} },
        { dpop_bound_access_tokens: 'true' },
        { jwks_uri: 'http://app.example/jwks' },
        { jwks: 'x' },
        { jwks: {} },
        { token_endpoint_auth_method: 'private_key_jwt', jwks: null },
        { token_endpoint_auth_method: 'private_key_jwt', jwks: '' },
        { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: null } },
        { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [rsa] } },
        { jwks: { keys: [rsa] } },
        { jwks: { keys: [publicJwk, { ...privateJwk, kid: 'x' }] } },
        { token_endpoint_auth_method: 'none', jwks: { keys: [publicJwk, { kty: 'oct', k: 'AAAA' }] } },
        { token_endpoint_auth_method: 'none', jwks: { keys: [privateJwk] } },
        { chatelaine_host: 'https://host.example/' },
      ]) {
        const answer = await register(metadata);
        expect([metadata, answer.status, answer.json['error']]).toEqual([
          metadata,
          400,
          expect.stringMatching(/^invalid_(redirect_uri|client_metadata)$/),
        ]);
        // a document may name grants of other servers only: then it can ask for nothing here
        if (!('grant_types' in metadata) || !Array.isArray(metadata.grant_types))
          expectPage(await arrive(documented(rig, rig.am, metadata), REDIRECT_URI));
      }
    });

    test('a key of a kind that is not used here spoils no key set; the others are kept (RFC 7517 §5)', async () => {
      const set = (key: object) => ({
        keys: [
          rsa,
          { kty: 'AKP', alg: 'ML-DSA-65', pub: 'AAAA', kid: 'pq' },
          'x',
          { ...key, use: 'enc', kid: 'e' },
          key,
        ],
      });
      const answer = await register({ token_endpoint_auth_method: 'private_key_jwt', jwks: set(publicJwk) });
      expect(answer).toMatchObject({ status: 201 });
      expect(answer.json['jwks']).toEqual({ keys: [publicJwk] });
      const keyless = await register({ token_endpoint_auth_method: 'none', jwks: { keys: [rsa] } });
      expect(keyless).toMatchObject({ status: 201, json: { token_endpoint_auth_method: 'none' } });
      expect(keyless.json).not.toHaveProperty('jwks');
      const uri = `https://keys.example/${Math.random()}`;
      const inline = documented(rig, rig.am);
      const linked = documented(rig, rig.am, { jwks: undefined, jwks_uri: uri });
      for (const party of [inline, linked]) {
        const jwks = set(party.key?.publicJwk ?? {});
        if (party === linked) rig.documents.set(uri, jwks);
        else rig.documents.set(party.id, { ...(rig.documents.get(party.id) as object), jwks });
        const { refreshToken } = await connected(rig, rig.am, { party });
        expect(await refreshed(rig, rig.am, { party, refreshToken })).toMatchObject({ status: 200 });
      }
    });

    test('a document that prefers private_key_jwt and also offers none is none from its first connection', async () => {
      for (const metadata of [
        { token_endpoint_auth_signing_alg: 'RS256', jwks: undefined, jwks_uri: 'https://keys.example/rsa' },
        { token_endpoint_auth_signing_alg: 'RS256', jwks: { keys: [rsa] } },
        { jwks: { keys: [rsa] } },
        {},
      ]) {
        const offered = { token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'], ...metadata };
        const keyed = documented(rig, rig.am, offered);
        const party = { ...keyed, key: null };
        const { refreshToken } = await connected(rig, rig.am, { party });
        expect(await refreshed(rig, rig.am, { party, refreshToken })).toMatchObject({ status: 200 });
        // what could be left out proves nothing, and is not taken for a proof
        expect(
          await call(rig, rig.am, {
            party,
            form: { ...(await identification(rig, rig.am, keyed)), client_id: undefined },
          }),
        ).toMatchObject({ status: 401, json: { error: 'invalid_client' } });
      }
      const strict = documented(rig, rig.am, { token_endpoint_auth_signing_alg: 'RS256' });
      expectPage(await arrive(strict, REDIRECT_URI));
      const registration = {
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'RS256',
        token_endpoint_auth_methods_supported: ['private_key_jwt', 'none'],
        jwks_uri: 'https://keys.example/rsa',
      };
      const answer = await register(registration);
      expect(answer).toMatchObject({ status: 201, json: { token_endpoint_auth_method: 'none' } });
      expect(answer.json).not.toHaveProperty('token_endpoint_auth_signing_alg');
    });
  });
}
