import { createPublicKey, generateKeyPairSync, sign as nodeSign } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { generateSigningKey, publicJwks, signJwt, signShortJwt } from '../../src/index.ts';
import { b64, clockAt, forge, forgeHmac, NOW } from '../fixtures.ts';
import { AM, claims, edKey, header, HOST, key, refused, TYP, verify } from '../statement.ts';

export function signature(): void {
  describe('a good token', () => {
    test.each([['ES256', key] as const, ['EdDSA', edKey] as const])(
      'signed with %s is valid and gives its claims',
      async (_alg, signer) => {
        const token = await signJwt({ typ: TYP, claims, key: signer });
        expect(await verify(token, { keys: publicJwks([signer]) })).toEqual({ kind: 'valid', claims });
      },
    );

    test('Ed25519 is accepted under its RFC 9864 name too', async () => {
      const token = forge({ ...header, alg: 'Ed25519', kid: edKey.kid }, claims, edKey);
      expect(await verify(token, { keys: publicJwks([edKey]) })).toMatchObject({ kind: 'valid' });
    });

    test('a short-lived one has iat, exp and a jti that is new each time', async () => {
      const input = { typ: TYP, claims: { iss: AM, aud: HOST }, key, clock: clockAt(NOW + 0.9), lifetimeSeconds: 60 };
      const [a, b] = [await verify(await signShortJwt(input)), await verify(await signShortJwt(input))];
      expect(a).toMatchObject({ kind: 'valid', claims: { iat: NOW, exp: NOW + 60 } });
      expect(a.kind === 'valid' && b.kind === 'valid' && a.claims.jti !== b.claims.jti).toBe(true);
    });

    test('without a kid is valid only when the issuer has a single key', async () => {
      const token = forge({ alg: 'ES256', typ: TYP }, claims, key);
      expect(await verify(token)).toMatchObject({ kind: 'valid' });
      expect(await verify(token, { keys: publicJwks([key, edKey]) })).toEqual(refused('kid'));
    });

    test('typ may be one of several, and absent only if that is allowed', async () => {
      const bare = forge({ alg: 'ES256', kid: key.kid }, claims, key);
      expect(await verify(bare, { typ: ['client-authentication+jwt', 'JWT', undefined] })).toMatchObject({
        kind: 'valid',
      });
      expect(await verify(bare, { typ: ['client-authentication+jwt', 'JWT'] })).toEqual(refused('typ'));
    });

    test('tokens of the previous signing key are accepted while both keys are published (J13)', async () => {
      const token = await signJwt({ typ: TYP, claims, key });
      expect(await verify(token, { keys: publicJwks([edKey, key]) })).toMatchObject({ kind: 'valid' });
      expect(await verify(token, { keys: publicJwks([edKey]) })).toEqual(refused('kid'));
    });
  });

  describe('the algorithm is decided by us and the key, never by the token (H1, J1-J3)', () => {
    test.each(['none', 'None', 'NONE', ''])('alg %p with an empty signature is refused', async (alg) => {
      expect((await verify(`${b64({ ...header, alg })}.${b64(claims)}.`)).kind).toBe('invalid');
      expect(await verify(`${b64({ ...header, alg })}.${b64(claims)}.AA`)).toEqual(refused('alg'));
    });

    test.each([
      ['SPKI PEM', (pem: string) => pem],
      ['PEM with a leading newline', (pem: string) => `\n${pem}`],
      ['PEM with a leading blank', (pem: string) => ` ${pem}`],
      ['JWK as JSON', () => JSON.stringify(key.publicJwk)],
    ])('HS256 with the public key as secret (%s) is refused', async (_name, secretOf) => {
      const pem = createPublicKey({ key: { ...key.publicJwk }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
      expect(await verify(forgeHmac({ ...header, alg: 'HS256' }, claims, secretOf(String(pem))))).toEqual(
        refused('alg'),
      );
    });

    test('RS256 is refused', async () => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const input = `${b64({ ...header, alg: 'RS256' })}.${b64(claims)}`;
      const token = `${input}.${nodeSign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
      expect(await verify(token)).toEqual(refused('alg'));
    });

    test('an accepted alg that is not the one of the key is refused', async () => {
      expect(await verify(forge({ ...header, alg: 'EdDSA' }, claims, key))).toEqual(refused('alg'));
    });

    test('a bad signature, or one by another key under the same kid, is refused', async () => {
      const token = forge(header, claims, key);
      const tampered = token.replace(/\.[^.]+\./, `.${b64({ ...claims, sub: 'other' })}.`);
      expect(await verify(tampered)).toEqual(refused('signature'));
      expect(await verify(forge(header, claims, generateSigningKey('ES256')))).toEqual(refused('signature'));
      expect(await verify(`${token.slice(0, -86)}${'A'.repeat(86)}`)).toEqual(refused('signature'));
    });
  });
}
