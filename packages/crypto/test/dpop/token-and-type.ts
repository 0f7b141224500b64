import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sha256base64url, signJwt } from '../../src/index.ts';
import { b64, forge } from '../fixtures.ts';
import { key, header, claims, check, refused } from './scene.ts';

export function tokenAndType(): void {
  describe('made for this access token (D9)', () => {
    const ath = sha256base64url('token');
    test('ath must be present and the hash of the token presented', async () => {
      expect(await check(forge(header, { ...claims, ath }, key), { accessToken: 'token' })).toMatchObject({
        kind: 'valid',
      });
      expect(await check(forge(header, claims, key), { accessToken: 'token' })).toEqual(refused('ath'));
      for (const wrong of [sha256base64url('other'), '', 7, [ath], `${ath}=`, null]) {
        expect(await check(forge(header, { ...claims, ath: wrong }, key), { accessToken: 'token' })).toEqual(
          refused('ath'),
        );
      }
    });
  });

  describe('jti is present and short (D11)', () => {
    test.each([undefined, null, '', 7, ['one'], 'j'.repeat(129), 'j'.repeat(300)])('jti %p is refused', async (jti) => {
      expect(await check(forge(header, { ...claims, jti }, key))).toEqual(refused('jti'));
    });

    test('128 characters are accepted, a megabyte is refused by size', async () => {
      expect(await check(forge(header, { ...claims, jti: 'j'.repeat(128) }, key))).toMatchObject({ kind: 'valid' });
      expect(await check(forge(header, { ...claims, jti: 'j'.repeat(1_000_000) }, key))).toEqual(refused('size'));
    });
  });

  test('only a proof is accepted as a proof: typ is exact (J7)', async () => {
    for (const typ of ['JWT', 'at+jwt', 'DPOP+JWT', 'application/dpop+jwt', undefined]) {
      expect(await check(forge({ ...header, typ }, claims, key))).toEqual(refused('typ'));
    }
    expect(await check(await signJwt({ typ: 'transfer-statement+jwt', claims, key }))).toEqual(refused('typ'));
  });

  test('it never throws, whatever the text', async () => {
    const part = fc.oneof(
      fc.string(),
      fc.json().map(b64),
      fc.constant(b64(header)),
      fc.jsonValue().map((jwkValue) => b64({ ...header, jwk: jwkValue })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 4 }), async (parts) => {
        expect((await check(parts.join('.'))).kind).toBe('invalid');
      }),
      { numRuns: 300 },
    );
  });
}
