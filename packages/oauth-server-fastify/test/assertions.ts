import { generateSigningKey, publicJwks } from '@chatelaine/crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { assertion, documented, forge, forgeHmac, type Party, someKey, withAssertion } from './clients.ts';
import { connected, refreshed } from './flow.ts';
import { postForm } from '@chatelaine/test-kit';
import { HEADER, KNOWN, presentingOf, REFUSED } from './presenting.ts';
import type { Rig } from './rig.ts';

/** private_key_jwt: what makes an assertion good. RFC 7523 §3. */
export function clientAssertions(rigOf: () => Rig): void {
  describe('client assertions', () => {
    let rig: Rig;
    let party: Party;
    let presenting: ReturnType<typeof presentingOf>;
    beforeAll(() => {
      rig = rigOf();
      party = documented(rig, rig.host);
      presenting = presentingOf(rig, party);
    });

    test('a good assertion is a client: its typ the exact one, JWT, or left out', async () => {
      for (const typ of ['client-authentication+jwt', 'JWT', undefined]) {
        expect(await presenting.present(presenting.signed({}, { alg: 'ES256', typ }))).toMatchObject(KNOWN);
      }
      expect(await presenting.send({ ...withAssertion(presenting.signed()), client_id: party.id })).toMatchObject(
        KNOWN,
      );
    });

    test('J1 alg none, in any spelling, and an empty signature are refused', async () => {
      const [head = '', body = ''] = presenting.signed().split('.');
      const none = (alg: string): string =>
        `${Buffer.from(JSON.stringify({ ...HEADER, alg })).toString('base64url')}.${body}.`;
      for (const token of [
        none('none'),
        none('None'),
        none('NONE'),
        none('ES256'),
        `${head}.${body}.`,
        `${head}.${body}`,
        `${head}.${body}.AA`,
      ]) {
        expect(await presenting.present(token)).toMatchObject(REFUSED);
      }
    });

    test('J2 the public key is no HMAC secret, in any form', async () => {
      const jwk = JSON.stringify(party.key?.publicJwk);
      for (const secret of [jwk, ` ${jwk}`, `${jwk}\n`, '']) {
        expect(
          await presenting.present(forgeHmac({ ...HEADER, alg: 'HS256' }, presenting.claims(), secret)),
        ).toMatchObject(REFUSED);
      }
    });

    test('J3 another algorithm than ES256 and EdDSA is refused', async () => {
      for (const alg of ['RS256', 'PS256', 'ES384', 'ES256K', 'EdDSA'])
        expect(await presenting.present(presenting.signed({}, { ...HEADER, alg }))).toMatchObject(REFUSED);
    });

    test('J4 kid is looked up among the client’s own keys and nowhere else', async () => {
      const other = documented(rig, rig.host);
      const foreign = forge({ ...HEADER, kid: other.key?.kid }, presenting.claims(), other.key ?? someKey());
      expect(await presenting.present(foreign)).toMatchObject(REFUSED);
      for (const kid of ['../../etc/passwd', "' or 1=1 --", 'x'.repeat(3000), 7, ['a'], { a: 1 }, '\0']) {
        const two = documented(rig, rig.host, {
          jwks: publicJwks([generateSigningKey(), generateSigningKey('EdDSA')]),
        });
        const token = forge(
          { ...HEADER, kid },
          presenting.claims({ iss: two.id, sub: two.id }),
          party.key ?? someKey(),
        );
        expect(await presenting.present(token)).toMatchObject(REFUSED);
      }
    });

    test('J4 an assertion cannot bring its own key', async () => {
      const own = generateSigningKey();
      for (const extra of [
        { jwk: own.publicJwk },
        { jku: 'https://evil.example/jwks' },
        { x5u: 'https://evil.example/x' },
      ]) {
        expect(await presenting.present(forge({ ...HEADER, ...extra }, presenting.claims(), own))).toMatchObject(
          REFUSED,
        );
      }
      expect(rig.fetched).not.toContain('https://evil.example/jwks');
    });

    test('J7 a JWT of another kind is no assertion', async () => {
      for (const typ of ['transfer-statement+jwt', 'requester-statement+jwt', 'dpop+jwt', 'at+jwt', 'jwt ', '', 7]) {
        expect(await presenting.present(presenting.signed({}, { ...HEADER, typ }))).toMatchObject(REFUSED);
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
        expect(await presenting.present(presenting.signed(changes))).toMatchObject(REFUSED);
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
        expect(await presenting.present(presenting.signed({ aud }))).toMatchObject(REFUSED);
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
      for (const changes of bad) expect(await presenting.present(presenting.signed(changes))).toMatchObject(REFUSED);
    });

    test('J10 the times of an assertion may have fractions (RFC 7519 §2), and it is good once even so', async () => {
      const now = Math.floor(rig.clock.now()) + 0.5;
      const token = presenting.signed({ iat: now, nbf: now, exp: now + 60 });
      expect(await presenting.present(token)).toMatchObject(KNOWN);
      expect(await presenting.present(token)).toMatchObject(REFUSED);
    });

    test('J11 an assertion is good once, on all replicas together, whatever came of it', async () => {
      const token = presenting.signed();
      expect(await presenting.present(token, 0)).toMatchObject(KNOWN);
      for (const replica of [0, 1] as const) expect(await presenting.present(token, replica)).toMatchObject(REFUSED);
      const good = await connected(rig, rig.host, { party });
      const used = await assertion(rig, rig.host, party);
      const form = { ...withAssertion(used), grant_type: 'refresh_token', refresh_token: good.refreshToken };
      expect(await postForm(rig.host.ports[0], '/token', form)).toMatchObject({ status: 200 });
      for (const path of ['/token', '/revoke', '/introspect', '/par']) {
        expect(await postForm(rig.host.ports[1], path, { ...form, token: good.refreshToken })).toMatchObject(REFUSED);
      }
      expect(await rig.isAlive(good.refreshToken)).toBe(true);
      expect(await refreshed(rig, rig.host, good)).toMatchObject({ status: 200 });
    });

    test('J11 an assertion without jti, or with one that is too long, is refused', async () => {
      for (const jti of [undefined, '', 7, 'x'.repeat(129)])
        expect(await presenting.present(presenting.signed({ jti }))).toMatchObject(REFUSED);
      expect(await presenting.present(presenting.signed({ jti: '\0' }))).toMatchObject(KNOWN);
    });
  });
}
