import { generateKeyPairSync } from 'node:crypto';
import { generateSigningKey } from '@chatelaine/crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { REDIRECT_URI, registered } from './clients.ts';
import { push } from './flow.ts';
import { type Answer, postForm, postJson, send } from '@chatelaine/test-kit';
import type { Rig } from './rig.ts';

/** Dynamic client registration: RFC 7591, RFC 7592. */
export function registration(rigOf: () => Rig): void {
  describe('registration', () => {
    let rig: Rig;
    beforeAll(() => {
      rig = rigOf();
    });
    const register = (body: unknown): Promise<Answer> => postJson(rig.am.ports[0], '/register', body);
    const withMetadata = (metadata: object): Promise<Answer> =>
      register({ redirect_uris: [REDIRECT_URI], ...metadata });
    const manage = (method: string, id: string, token: string, replica: 0 | 1 = 1): Promise<Answer> =>
      send(rig.am.ports[replica], { method, path: `/register/${id}`, headers: { authorization: `Bearer ${token}` } });
    const badUri = { status: 400, json: { error: 'invalid_redirect_uri' } };
    const badMetadata = { status: 400, json: { error: 'invalid_client_metadata' } };

    test.each([
      ['none', []],
      ['http beyond this machine', ['http://app.example/cb']],
      ['http on a name that only looks local', ['http://localhost.example/cb', 'http://127.0.0.1.example/cb']],
      ['a fragment', ['https://app.example/cb#f']],
      ['an empty fragment', ['https://app.example/cb#']],
      ['a wildcard', ['https://*.example/cb']],
      ['a script', ['javascript:alert(1)']],
      ['data', ['data:text/html,x']],
      ['a file', ['file:///etc/passwd']],
      ['a scheme of its own', ['app.example:/cb']],
      ['user information', ['https://u:p@app.example/cb']],
      ['a private address', ['https://10.0.0.1/cb']],
      ['a private address in disguise', ['https://0x0a000001/cb', 'https://167772161/cb']],
      ['an IPv6 address', ['https://[fd00::1]/cb']],
      ['no scheme', ['app.example/cb']],
      ['a backslash', ['https:\\\\app.example/cb']],
      ['a space', ['https://app.example/c b']],
      ['NUL', ['https://app.example/cb\0']],
      ['characters beyond ASCII', ['https://äpp.example/cb']],
      ['10 KB', [`https://app.example/${'a'.repeat(10_240)}`]],
      ['100 entries', Array.from({ length: 100 }, (_, i) => `https://app.example/${i}`)],
      ['none that is good among several', ['cursor://app/cb', 'http://app.example/cb']],
      ['a parameter of our own answer', ['https://app.example/cb?code=x', 'https://app.example/cb?iss=x&a=b']],
    ])('R1 redirect_uris with %s are refused', async (_what, uris) => {
      expect(await register({ redirect_uris: uris })).toMatchObject(badUri);
      if (uris.length < 20)
        for (const uri of uris) expect(await register({ redirect_uris: [uri] })).toMatchObject(badUri);
    });

    test('R1 redirect_uris of another shape are refused', async () => {
      for (const redirect_uris of [undefined, null, REDIRECT_URI, [7], [null], [[REDIRECT_URI]], { 0: REDIRECT_URI }]) {
        expect(await register({ redirect_uris })).toMatchObject(badUri);
      }
    });

    test('R2 what this server does not have is refused', async () => {
      for (const metadata of [
        { grant_types: ['password'] },
        { grant_types: 'authorization_code' },
        { grant_types: ['constructor'] },
        { response_types: ['token'] },
        { response_types: ['code token'] },
        { response_types: 'code' },
        { token_endpoint_auth_method: 'client_secret_basic' },
        { token_endpoint_auth_method: 'client_secret_post' },
        { token_endpoint_auth_method: 'NONE' },
        { token_endpoint_auth_method: 'private_key_jwt' },
        { token_endpoint_auth_signing_alg: 'RS256' },
        { scope: 'a  b' },
        { scope: 'trans\\fer' },
        { scope: ['transfer'] },
        { scope: 'profile' },
        { software_statement: 'a.b.c' },
        { dpop_bound_access_tokens: 'yes' },
      ]) {
        expect(await withMetadata(metadata)).toMatchObject(badMetadata);
      }
    });

    test('R3 keys are public, of the two kinds we use, few, and named apart', async () => {
      const good = generateSigningKey();
      const { publicJwk } = good;
      const rsa = (bits: number) =>
        generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' });
      for (const keys of [
        [good.privateJwk],
        [{ kty: 'oct', k: 'AAAA' }],
        [rsa(1024)],
        [rsa(2048)],
        [publicJwk, publicJwk],
        [publicJwk, { ...generateSigningKey().publicJwk, kid: undefined }],
        Array.from({ length: 21 }, (_, i) => ({ ...publicJwk, kid: String(i) })),
        [],
        ['x'],
        [{ ...publicJwk, x: publicJwk.x.slice(1) }],
      ]) {
        expect(await withMetadata({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys } })).toMatchObject(
          badMetadata,
        );
      }
      const both = { jwks: { keys: [publicJwk] }, jwks_uri: 'https://app.example/jwks' };
      expect(await withMetadata(both)).toMatchObject(badMetadata);
      expect(await withMetadata({ jwks: 'x' })).toMatchObject(badMetadata);
      expect(await withMetadata({ jwks: both.jwks })).toMatchObject({
        status: 201,
        json: { token_endpoint_auth_method: 'private_key_jwt' },
      });
    });

    test('R4 addresses in metadata are https, and nothing is fetched at registration', async () => {
      for (const member of ['jwks_uri', 'client_uri', 'logo_uri', 'tos_uri', 'policy_uri']) {
        for (const value of [
          7,
          {},
          'http://app.example/x',
          'javascript:alert(1)',
          'file:///etc/passwd',
          'https://u:p@app.example/',
          '//app.example',
          'x',
          'https://app.example/\0',
          `https://app.example/${'ü'.repeat(1500)}`,
        ]) {
          const answer = await withMetadata({ [member]: value });
          // what people only read is left out; where keys are is not
          if (member === 'jwks_uri') expect(answer).toMatchObject(badMetadata);
          else expect([answer.status, member in answer.json]).toEqual([201, false]);
        }
      }
      const before = rig.fetched.length;
      const private_ = 'https://169.254.169.254/latest/meta-data';
      expect((await withMetadata({ jwks_uri: private_, logo_uri: private_ })).status).toBe(201);
      expect(rig.fetched).toHaveLength(before);
    });

    test('R5 what the server decides, a client cannot: its own values win', async () => {
      const given = {
        client_id: 'mine',
        client_secret: 's',
        client_secret_expires_at: 0,
        is_trusted: true,
        tenant_id: 't',
        registration_access_token: 'x',
        chatelaine_issuer: 'https://am.example',
        client_id_issued_at: 1,
        dpop_bound_access_tokens: false,
      };
      const answer = await withMetadata(given);
      expect(answer).toMatchObject({ status: 201, headers: { 'cache-control': 'no-store' } });
      const id = String(answer.json['client_id']);
      expect(answer.json).toEqual({
        client_id: expect.stringMatching(/^client_[A-Za-z0-9_-]{22}$/),
        client_id_issued_at: expect.any(Number),
        redirect_uris: [REDIRECT_URI],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        scope: 'transfer',
        token_endpoint_auth_method: 'none',
        dpop_bound_access_tokens: true,
        registration_access_token: expect.stringMatching(/^cha_ra_/),
        registration_client_uri: `${rig.am.issuer}/register/${id}`,
      });
      expect(answer.json['client_id_issued_at']).toBeGreaterThan(1_700_000_000);
      const read = await manage('GET', id, String(answer.json['registration_access_token']));
      const { registration_access_token: _once, client_id_issued_at: _at, ...rest } = answer.json;
      expect(read).toMatchObject({ status: 200, json: rest });
      expect(read.json).not.toHaveProperty('registration_access_token');
    });

    test('R5 a scope beyond "transfer" is not registered, and is worth nothing at authorization', async () => {
      expect((await withMetadata({ scope: 'admin transfer' })).json['scope']).toBe('transfer');
      const party = await registered(rig, { scope: 'transfer admin' });
      expect(await push(rig, rig.am, { party, form: { scope: 'transfer admin' } })).toMatchObject({
        status: 400,
        json: { error: 'invalid_scope' },
      });
    });

    test('R9 a body that is no metadata is refused, however broken', async () => {
      const shapes = [null, [], 'x', 7, true, {}, [{ redirect_uris: [REDIRECT_URI] }]];
      for (const body of shapes)
        expect(await register(body)).toMatchObject({
          status: 400,
          json: { error: expect.stringMatching(/^invalid_/) },
        });
      const deep = `{"redirect_uris":${'['.repeat(100_000)}`;
      const broken = [
        '',
        '{',
        '\ufeff{}',
        '{"a":1,"a":2}',
        '{"redirect_uris":["x"],"\\u0072edirect_uris":["y"]}',
        '{"__proto__":{"x":1}}',
        '"\\ud800"',
        deep.slice(0, 60_000),
      ];
      for (const body of broken)
        expect(await register(body)).toMatchObject({
          status: 400,
          json: { error: expect.stringMatching(/^invalid_/) },
        });
      const huge = JSON.stringify({ redirect_uris: [REDIRECT_URI], client_name: 'a'.repeat(1_000_000) });
      expect(await register(huge)).toMatchObject({ status: 413, json: { error: 'invalid_request' } });
      expect(await register(deep)).toMatchObject({ status: 413 });
    });

    test('R9 a body of another kind is refused with 415', async () => {
      const form = await postForm(rig.am.ports[0], '/register', { redirect_uris: REDIRECT_URI });
      expect(form).toMatchObject({ status: 415, json: { error: 'invalid_request' } });
      for (const type of ['text/plain', 'application/xml', 'application/jsonx', 'multipart/form-data; boundary=x']) {
        const answer = await send(rig.am.ports[0], {
          method: 'POST',
          path: '/register',
          headers: { 'content-type': type },
          body: '{}',
        });
        expect(answer).toMatchObject({ status: 415, json: { error: 'invalid_request' } });
      }
    });

    test('R11 a deceptive name is not taken over; one that is only someone else’s is unverified', async () => {
      for (const client_name of ['Goo\u200bgle', 'Photos\u202egpj', 'a\0b', 'x\ny', 'a'.repeat(300), '', ' ', 7]) {
        const { status, json } = await withMetadata({ client_name });
        expect([status, 'client_name' in json]).toEqual([201, false]);
      }
      expect(await withMetadata({ client_name: 'Google' })).toMatchObject({ status: 201 });
    });

    test('A16 nothing of a refused body comes back in the answer', async () => {
      const marker = '<script>alert(1)</script>';
      for (const body of [
        { redirect_uris: [`https://${marker}`] },
        { redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: marker },
        { redirect_uris: [REDIRECT_URI], grant_types: [marker] },
        { redirect_uris: [REDIRECT_URI], jwks_uri: marker },
        `{"${marker}":1,"${marker}":2}`,
        marker,
      ]) {
        const answer = await register(body);
        expect(answer.status).toBe(400);
        expect(answer.text).not.toContain('<script');
      }
    });
  });
}
