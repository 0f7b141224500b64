import { generateSigningKey, publicJwks, type SigningKey } from '@chatelaine/crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { assertion, call, documented, forge, type Party, registered, someKey, withAssertion } from './clients.ts';
import { type Answer, type Form, postForm } from '@chatelaine/test-kit';
import type { Rig } from './rig.ts';

/** Which method counts, whose keys, and who is told of failures. */
export function clientAuthentication(rigOf: () => Rig): void {
  describe('client authentication', () => {
    let rig: Rig;
    let party: Party;
    beforeAll(() => {
      rig = rigOf();
      party = documented(rig, rig.host);
    });
    // a refresh token that is none: the client is known by what it is told about it
    const known = { status: 400, json: { error: 'invalid_grant' } };
    const refused = {
      status: 401,
      json: { error: 'invalid_client', error_description: 'Client authentication failed.' },
    };
    const send = (form: Form, replica: 0 | 1 = 0): Promise<Answer> =>
      postForm(rig.host.ports[replica], '/token', { grant_type: 'refresh_token', refresh_token: 'x', ...form });
    const present = (token: string, replica: 0 | 1 = 0): Promise<Answer> => send(withAssertion(token), replica);
    const header = { alg: 'ES256', typ: 'client-authentication+jwt' };
    const claims = (changes: Readonly<Record<string, unknown>> = {}) => {
      const now = Math.floor(rig.clock.now());
      const base = {
        iss: party.id,
        sub: party.id,
        aud: rig.host.issuer,
        iat: now,
        exp: now + 60,
        jti: String(Math.random()),
      };
      return { ...base, ...changes };
    };
    const signed = (changes: Readonly<Record<string, unknown>> = {}, headers: object = header): string =>
      forge(headers, claims(changes), party.key ?? someKey());

    test('T11 one method of authentication per request', async () => {
      const token = signed();
      const basic = { authorization: 'Basic eDp5' };
      const invalidRequest = { status: 400, json: { error: 'invalid_request' } };
      const post = (form: Form, headers: Record<string, string> = {}): Promise<Answer> =>
        postForm(rig.host.ports[0], '/token', { grant_type: 'refresh_token', refresh_token: 'x', ...form }, headers);
      expect(await post(withAssertion(token), basic)).toMatchObject(invalidRequest);
      expect(await post({ ...withAssertion(token), client_secret: 's' })).toMatchObject(invalidRequest);
      expect(await post({ client_id: party.id, client_secret: 's' }, basic)).toMatchObject(invalidRequest);
      expect(await post({ client_id: party.id }, basic)).toMatchObject({
        ...refused,
        headers: { 'www-authenticate': expect.stringMatching(/^Basic /) },
      });
      expect(await post({ client_id: party.id, client_secret: 's' })).toMatchObject(refused);
    });

    test('T11 client_id and assertion name the same client', async () => {
      expect(await send({ ...withAssertion(signed()), client_id: documented(rig, rig.host).id })).toMatchObject(
        refused,
      );
      expect(await send({ client_assertion: signed() })).toMatchObject({
        status: 400,
        json: { error: 'invalid_request' },
      });
      expect(
        await send({
          client_assertion: signed(),
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer',
        }),
      ).toMatchObject({ status: 400 });
      expect(await send({ client_assertion_type: withAssertion('').client_assertion_type })).toMatchObject({
        status: 400,
      });
    });

    test('a client with keys is not believed without them, and one without keys cannot use any', async () => {
      expect(await send({ client_id: party.id })).toMatchObject(refused);
      expect(await send({})).toMatchObject(refused);
      const keyless = await registered(rig);
      const token = await assertion(rig, rig.am, { ...keyless, key: someKey() });
      expect(await call(rig, rig.am, { party: keyless, form: withAssertion(token) })).toMatchObject(refused);
      const declared = documented(rig, rig.am, { token_endpoint_auth_method: 'none' });
      expect(await call(rig, rig.am, { party: declared, form: { grant_type: 'refresh_token' } })).toMatchObject(
        refused,
      );
    });

    test('a Host, whose tokens are not bound, takes no client without keys', async () => {
      const keyless = {
        ...documented(rig, rig.host, { jwks: undefined, token_endpoint_auth_method: 'none' }),
        key: null,
      };
      for (const path of ['/token', '/par', '/revoke', '/introspect']) {
        expect(
          await call(rig, rig.host, {
            party: keyless,
            path,
            form: { grant_type: 'refresh_token', refresh_token: 'x', token: 'x' },
          }),
        ).toMatchObject(refused);
      }
    });

    test('H11 a new key of a client works before its key set is stale, and an unknown kid makes nobody fetch more than once a minute', async () => {
      const uri = `https://keys.example/${Math.random()}`;
      const [old, fresh] = [generateSigningKey(), generateSigningKey()];
      const client = { ...documented(rig, rig.host, { jwks: undefined, jwks_uri: uri }), key: old };
      const by = (key: SigningKey): Promise<Answer> =>
        present(forge({ ...header, kid: key.kid }, claims({ iss: client.id, sub: client.id }), key));
      const fetches = (): number => rig.fetched.filter((each) => each === uri).length;
      rig.documents.set(uri, publicJwks([old]));
      expect(await by(old)).toMatchObject(known);
      rig.documents.set(uri, publicJwks([old, fresh]));
      expect(await by(fresh)).toMatchObject(refused);
      expect(fetches()).toBe(1);
      await rig.age(61);
      rig.clock.skew += 61;
      expect(await by(fresh)).toMatchObject(known);
      expect(fetches()).toBe(2);
      rig.documents.delete(uri);
      await rig.age(61);
      rig.clock.skew += 61;
      for (let tries = 0; tries < 5; tries += 1) expect(await by(generateSigningKey())).toMatchObject(refused);
      expect(fetches()).toBe(3);
      expect(await by(fresh)).toMatchObject(known);
      rig.clock.skew = 0;
    });

    test('a failed authentication is reported to the operator, with a reason the client is not told', async () => {
      await present(signed({ aud: 'https://other.example' }));
      expect(rig.host.events.at(-1)).toEqual({
        event: 'client_authentication_failed',
        clientId: party.id,
        reason: 'aud',
      });
    });
  });
}
