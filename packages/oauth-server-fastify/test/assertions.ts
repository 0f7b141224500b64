import { generateSigningKey, publicJwks } from '@chatelaine/crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { assertion, documented, forge, forgeHmac, type Party, someKey, withAssertion } from './clients.ts';
import { connected, refreshed } from './flow.ts';
import { type Answer, type Form, postForm } from '@chatelaine/test-kit';
import type { Rig } from './rig.ts';

/** private_key_jwt: what makes an assertion good. RFC 7523 §3. */
export function clientAssertions(rigOf: () => Rig): void {
  describe('client assertions', () => {
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

    test('a good assertion is a client: its typ the exact one, JWT, or left out', async () => {
      for (const typ of ['client-authentication+jwt', 'JWT', undefined]) {
        expect(await present(signed({}, { alg: 'ES256', typ }))).toMatchObject(known);
      }
      expect(await send({ ...withAssertion(signed()), client_id: party.id })).toMatchObject(known);
    });

    test('J1 alg none, in any spelling, and an empty signature are refused', async () => {
      const [head = '', body = ''] = signed().split('.');
      const none = (alg: string): string =>
        `${Buffer.from(JSON.stringify({ ...header, alg })).toString('base64url')}.${body}.`;
      for (const token of [
        none('none'),
        none('None'),
        none('NONE'),
        none('ES256'),
        `${head}.${body}.`,
        `${head}.${body}`,
        `${head}.${body}.AA`,
      ]) {
        expect(await present(token)).toMatchObject(refused);
      }
    });

    test('J2 the public key is no HMAC secret, in any form', async () => {
      const jwk = JSON.stringify(party.key?.publicJwk);
      for (const secret of [jwk, ` ${jwk}`, `${jwk}\n`, '']) {
        expect(await present(forgeHmac({ ...header, alg: 'HS256' }, claims(), secret))).toMatchObject(refused);
      }
    });

    test('J3 another algorithm than ES256 and EdDSA is refused', async () => {
      for (const alg of ['RS256', 'PS256', 'ES384', 'ES256K', 'EdDSA'])
        expect(await present(signed({}, { ...header, alg }))).toMatchObject(refused);
    });

    test('J4 kid is looked up among the client’s own keys and nowhere else', async () => {
      const other = documented(rig, rig.host);
      const foreign = forge({ ...header, kid: other.key?.kid }, claims(), other.key ?? someKey());
      expect(await present(foreign)).toMatchObject(refused);
      for (const kid of ['../../etc/passwd', "' or 1=1 --", 'x'.repeat(3000), 7, ['a'], { a: 1 }, '\0']) {
        const two = documented(rig, rig.host, {
          jwks: publicJwks([generateSigningKey(), generateSigningKey('EdDSA')]),
        });
        const token = forge({ ...header, kid }, claims({ iss: two.id, sub: two.id }), party.key ?? someKey());
        expect(await present(token)).toMatchObject(refused);
      }
    });

    test('J4 an assertion cannot bring its own key', async () => {
      const own = generateSigningKey();
      for (const extra of [
        { jwk: own.publicJwk },
        { jku: 'https://evil.example/jwks' },
        { x5u: 'https://evil.example/x' },
      ]) {
        expect(await present(forge({ ...header, ...extra }, claims(), own))).toMatchObject(refused);
      }
      expect(rig.fetched).not.toContain('https://evil.example/jwks');
    });

    test('J7 a JWT of another kind is no assertion', async () => {
      for (const typ of ['transfer-statement+jwt', 'requester-statement+jwt', 'dpop+jwt', 'at+jwt', 'jwt ', '', 7]) {
        expect(await present(signed({}, { ...header, typ }))).toMatchObject(refused);
      }
    });

    test('J8 iss and sub are the client, both, as text', async () => {
      const other = documented(rig, rig.host);
      for (const changes of [
        { iss: [party.id] },
        { iss: undefined },
        { iss: 7 },
        { sub: other.id },
        { sub: undefined },
        { sub: [party.id] },
        { iss: other.id, sub: other.id },
        { iss: 'x\0y', sub: 'x\0y' },
        { iss: 'ü', sub: 'ü' },
        { iss: '', sub: '' },
        { iss: 'x'.repeat(2500), sub: 'x'.repeat(2500) },
      ]) {
        expect(await present(signed(changes))).toMatchObject(refused);
      }
    });

    test('J9 aud is this server’s issuer and nothing else', async () => {
      const { issuer } = rig.host;
      for (const aud of [
        [issuer],
        [issuer, 'https://other.example'],
        `${issuer}/token`,
        `${issuer}/`,
        issuer.toUpperCase(),
        rig.am.issuer,
        undefined,
        '',
      ]) {
        expect(await present(signed({ aud }))).toMatchObject(refused);
      }
    });

    test('J10 an assertion lives at most 60 seconds, and says so', async () => {
      const now = Math.floor(rig.clock.now());
      const bad = [
        { exp: undefined },
        { exp: 0 },
        { exp: String(now + 60) },
        { exp: now + 315_360_000 },
        { exp: now + 62 },
        { exp: now - 1, iat: now - 30 },
        { nbf: now + 60 },
        { iat: now + 31_536_000, exp: now + 31_536_060 },
        { iat: undefined },
        { iat: now - 90 },
        { exp: 1e300 },
        { exp: now },
      ];
      for (const changes of bad) expect(await present(signed(changes))).toMatchObject(refused);
    });

    test('J10 the times of an assertion may have fractions (RFC 7519 §2), and it is good once all the same', async () => {
      const now = Math.floor(rig.clock.now()) + 0.5;
      const token = signed({ iat: now, nbf: now, exp: now + 60 });
      expect(await present(token)).toMatchObject(known);
      expect(await present(token)).toMatchObject(refused);
    });

    test('J11 an assertion is good once, on all replicas together, whatever came of it', async () => {
      const token = signed();
      expect(await present(token, 0)).toMatchObject(known);
      for (const replica of [0, 1] as const) expect(await present(token, replica)).toMatchObject(refused);
      const good = await connected(rig, rig.host, { party });
      const used = await assertion(rig, rig.host, party);
      const form = { ...withAssertion(used), grant_type: 'refresh_token', refresh_token: good.refreshToken };
      expect(await postForm(rig.host.ports[0], '/token', form)).toMatchObject({ status: 200 });
      for (const path of ['/token', '/revoke', '/introspect', '/par']) {
        expect(await postForm(rig.host.ports[1], path, { ...form, token: good.refreshToken })).toMatchObject(refused);
      }
      expect(await rig.isAlive(good.refreshToken)).toBe(true);
      expect(await refreshed(rig, rig.host, good)).toMatchObject({ status: 200 });
    });

    test('J11 an assertion without jti, or with one that is too long, is refused', async () => {
      for (const jti of [undefined, '', 7, 'x'.repeat(129)])
        expect(await present(signed({ jti }))).toMatchObject(refused);
      expect(await present(signed({ jti: '\0' }))).toMatchObject(known);
    });
  });
}
