import { generateSigningKey, publicJwks, type SigningKey } from '@chatelaine/crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { assertion, call, documented, forge, type Party, registered, someKey, withAssertion } from './clients.ts';
import { type Answer, type Form, postForm } from '@chatelaine/test-kit';
import { HEADER, KNOWN, presentingOf, REFUSED } from './presenting.ts';
import type { Rig } from './rig.ts';

/** Which method counts, whose keys, and who is told of failures. */
export function clientAuthentication(rigOf: () => Rig): void {
  describe('client authentication', () => {
    let rig: Rig;
    let party: Party;
    let presenting: ReturnType<typeof presentingOf>;
    beforeAll(() => {
      rig = rigOf();
      party = documented(rig, rig.host);
      presenting = presentingOf(rig, party);
    });

    test('T11 one method of authentication per request', async () => {
      const token = presenting.signed();
      const basic = { authorization: 'Basic eDp5' };
      const invalidRequest = { status: 400, json: { error: 'invalid_request' } };
      const post = (form: Form, headers: Record<string, string> = {}): Promise<Answer> =>
        postForm(rig.host.ports[0], '/token', { grant_type: 'refresh_token', refresh_token: 'x', ...form }, headers);
      expect(await post(withAssertion(token), basic)).toMatchObject(invalidRequest);
      expect(await post({ ...withAssertion(token), client_secret: 's' })).toMatchObject(invalidRequest);
      expect(await post({ client_id: party.id, client_secret: 's' }, basic)).toMatchObject(invalidRequest);
      expect(await post({ client_id: party.id }, basic)).toMatchObject({
        ...REFUSED,
        headers: { 'www-authenticate': expect.stringMatching(/^Basic /) },
      });
      expect(await post({ client_id: party.id, client_secret: 's' })).toMatchObject(REFUSED);
    });

    test('T11 client_id and assertion name the same client', async () => {
      expect(
        await presenting.send({ ...withAssertion(presenting.signed()), client_id: documented(rig, rig.host).id }),
      ).toMatchObject(REFUSED);
      expect(await presenting.send({ client_assertion: presenting.signed() })).toMatchObject({
        status: 400,
        json: { error: 'invalid_request' },
      });
      expect(
        await presenting.send({
          client_assertion: presenting.signed(),
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer',
        }),
      ).toMatchObject({ status: 400 });
      expect(await presenting.send({ client_assertion_type: withAssertion('').client_assertion_type })).toMatchObject({
        status: 400,
      });
    });

    test('a client with keys is not believed without them, and one without keys cannot use any', async () => {
      expect(await presenting.send({ client_id: party.id })).toMatchObject(REFUSED);
      expect(await presenting.send({})).toMatchObject(REFUSED);
      const keyless = await registered(rig);
      const token = await assertion(rig, rig.am, { ...keyless, key: someKey() });
      expect(await call(rig, rig.am, { party: keyless, form: withAssertion(token) })).toMatchObject(REFUSED);
      const declared = documented(rig, rig.am, { token_endpoint_auth_method: 'none' });
      expect(await call(rig, rig.am, { party: declared, form: { grant_type: 'refresh_token' } })).toMatchObject(
        REFUSED,
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
        ).toMatchObject(REFUSED);
      }
    });

    test('H11 a new key works before its key set is stale; an unknown kid causes one fetch a minute', async () => {
      const uri = `https://keys.example/${Math.random()}`;
      const [old, fresh] = [generateSigningKey(), generateSigningKey()];
      const client = { ...documented(rig, rig.host, { jwks: undefined, jwks_uri: uri }), key: old };
      const by = (key: SigningKey): Promise<Answer> =>
        presenting.present(
          forge({ ...HEADER, kid: key.kid }, presenting.claims({ iss: client.id, sub: client.id }), key),
        );
      const fetches = (): number => rig.fetched.filter((each) => each === uri).length;
      rig.documents.set(uri, publicJwks([old]));
      expect(await by(old)).toMatchObject(KNOWN);
      rig.documents.set(uri, publicJwks([old, fresh]));
      expect(await by(fresh)).toMatchObject(REFUSED);
      expect(fetches()).toBe(1);
      await rig.age(61);
      rig.clock.skew += 61;
      expect(await by(fresh)).toMatchObject(KNOWN);
      expect(fetches()).toBe(2);
      rig.documents.delete(uri);
      await rig.age(61);
      rig.clock.skew += 61;
      for (let tries = 0; tries < 5; tries += 1) expect(await by(generateSigningKey())).toMatchObject(REFUSED);
      expect(fetches()).toBe(3);
      expect(await by(fresh)).toMatchObject(KNOWN);
      rig.clock.skew = 0;
    });

    test('a failed authentication is reported to the operator, with a reason the client is not told', async () => {
      await presenting.present(presenting.signed({ aud: 'https://other.example' }));
      expect(rig.host.events.at(-1)).toEqual({
        event: 'client_authentication_failed',
        clientId: party.id,
        reason: 'aud',
      });
    });
  });
}
