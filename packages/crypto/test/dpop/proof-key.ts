import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { generateSigningKey } from '../../src/index.ts';
import { b64, forge, forgeHmac, otherSpelling } from '../fixtures.ts';
import { key, edKey, kty, crv, x, jwk, header, claims, check, refused } from './scene.ts';

export function proofKey(): void {
  describe('the key in the proof is a public P-256 or Ed25519 key and nothing else (D8)', () => {
    const rsa = (bits: number) =>
      generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' });
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' });
    const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' });
    const zero = Buffer.alloc(32).toString('base64url');
    test.each<[string, unknown]>([
      ['missing', undefined],
      ['null', null],
      ['a text', 'key'],
      ['an array', [jwk]],
      ['symmetric', { kty: 'oct', k: 'c2VjcmV0' }],
      ['RSA 1024', rsa(1024)],
      ['RSA 2048', rsa(2048)],
      ['RSA with a 4 KB modulus', { kty: 'RSA', e: 'AQAB', n: 'x'.repeat(4096) }],
      ['P-384', p384],
      ['X25519', x25519],
      ['unknown curve', { ...jwk, crv: 'P-257' }],
      ['off the curve', { ...jwk, y: jwk.x }],
      ['the origin', { ...jwk, x: zero, y: zero }],
      ['without y', { kty, crv, x }],
      ['with a private member', { ...jwk, d: key.privateJwk.d }],
      ['with an empty private member', { ...jwk, d: '' }],
      ['with a symmetric member', { ...jwk, k: 'AA' }],
      ['with a coordinate not canonically spelled', { ...jwk, x: otherSpelling(jwk.x) }],
      ['with a short coordinate', { ...jwk, x: jwk.x.slice(2) }],
      ['for encryption', { ...jwk, use: 'enc' }],
      ['for another algorithm', { ...jwk, alg: 'ES384' }],
      ['of the other kind', { kty: 'OKP', crv: 'P-256', x: jwk.x }],
    ])('%s is refused within 50 ms', async (_name, bad) => {
      const proof = forge({ ...header, jwk: bad }, claims, key);
      const costs: number[] = [];
      for (let time = 0; time < 5; time++) {
        const before = process.cpuUsage();
        expect(await check(proof)).toEqual(refused('jwk'));
        const { user, system } = process.cpuUsage(before);
        costs.push(user + system);
      }
      // the least of several runs, because any more is spent on garbage collection or compilation
      expect(Math.min(...costs)).toBeLessThan(50_000);
    });

    test('a 16 KB modulus is refused by size alone', async () => {
      expect(
        await check(forge({ ...header, jwk: { kty: 'RSA', e: 'AQAB', n: 'x'.repeat(16_384) } }, claims, key)),
      ).toEqual(refused('size'));
    });

    test.each([
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      '0100000000000000000000000000000000000000000000000000000000000000',
      '00'.repeat(32),
      'ff'.repeat(32),
    ])('the Ed25519 point %s, with which one signature fits many messages or none, is refused', async (hex) => {
      const weak = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(hex, 'hex').toString('base64url') };
      expect(await check(forge({ ...header, alg: 'EdDSA', jwk: weak }, claims, edKey))).toEqual(refused('jwk'));
    });

    test('the proof must be signed with that key', async () => {
      expect(await check(forge(header, claims, generateSigningKey('ES256')))).toEqual(refused('signature'));
      expect(await check(forge({ ...header, alg: 'EdDSA' }, claims, edKey))).toEqual(refused('alg'));
    });

    test('symmetric and absent signatures are refused', async () => {
      expect(await check(forgeHmac({ ...header, alg: 'HS256' }, claims, JSON.stringify(jwk)))).toEqual(refused('alg'));
      expect(await check(`${b64({ ...header, alg: 'none' })}.${b64(claims)}.AA`)).toEqual(refused('alg'));
      expect(await check(`${b64(header)}.${b64(claims)}.`)).toEqual(refused('malformed'));
    });

    test('crit is refused', async () => {
      expect(await check(forge({ ...header, crit: ['x'], x: 1 }, claims, key))).toEqual(refused('crit'));
    });
  });
}
