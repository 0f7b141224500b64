import { describe, expect, test } from '@jest/globals';
import { clockAt, forge, NOW } from '../fixtures.ts';
import { AM, claims, header, HOST, key, refused, verify, without } from '../statement.ts';

export function exactClaims(): void {
  describe('issuer, subject and audience are exact strings (H1, H9, J8, J9)', () => {
    test.each([undefined, null, [AM], 'https://other.example', `${AM}/`, AM.toUpperCase(), { toString: () => AM }, ''])(
      'iss %p is refused',
      async (iss) => {
        expect(await verify(forge(header, { ...claims, iss }, key))).toEqual(refused('iss'));
      },
    );

    test.each([undefined, null, [HOST], [HOST, AM], `${HOST}/token`, `${HOST}/`, 'https://other.example', true])(
      'aud %p is refused',
      async (aud) => {
        expect(await verify(forge(header, { ...claims, aud }, key))).toEqual(refused('aud'));
      },
    );

    test.each([undefined, null, ['requester'], 'other'])('sub %p is refused where one is expected', async (sub) => {
      expect(await verify(forge(header, { ...claims, sub }, key), { subject: 'requester' })).toEqual(refused('sub'));
    });
  });

  describe('times are close to now and to each other (H1, J10)', () => {
    test.each([undefined, null, 0, -1, String(NOW + 60), NOW - 0.5, NOW, NOW - 1, true, [NOW + 60]])(
      'exp %p is refused',
      async (exp) => {
        expect(await verify(forge(header, { ...claims, exp }, key))).toEqual(refused('exp'));
      },
    );

    test('exp before an iat that the skew allows is refused', async () => {
      expect(await verify(forge(header, { ...claims, iat: NOW + 10, exp: NOW + 5 }, key))).toEqual(refused('exp'));
    });

    test('exp beyond any safe number is refused', async () => {
      const payload = JSON.stringify(claims).replace(`"exp":${NOW + 60}`, '"exp":1e300');
      expect(await verify(forge(header, payload, key))).toEqual(refused('exp'));
    });

    test.each([NOW + 61, NOW + 10 * 365 * 86_400])('exp − iat over the limit is refused (exp %p)', async (exp) => {
      expect(await verify(forge(header, { ...claims, exp }, key))).toEqual(refused('lifetime'));
    });

    test.each([undefined, null, 0, -1, String(NOW), NOW + 10.5, NOW + 11, NOW + 61, NOW + 365 * 86_400])(
      'iat %p is refused',
      async (iat) => {
        expect(await verify(forge(header, { ...claims, iat, exp: NOW + 60 }, key))).toEqual(refused('iat'));
      },
    );

    test('iat may be up to 10 s ahead of our clock; exp has no grace', async () => {
      const ahead = { ...claims, iat: NOW + 10, exp: NOW + 70 };
      expect(await verify(forge(header, ahead, key))).toMatchObject({ kind: 'valid' });
      expect(await verify(forge(header, claims, key), { clock: clockAt(NOW + 59.9) })).toMatchObject({ kind: 'valid' });
      expect(await verify(forge(header, claims, key), { clock: clockAt(NOW + 60) })).toEqual(refused('exp'));
    });

    test('times may have fractions (RFC 7519 §2), whose rounding does not make a minute too long', async () => {
      for (const at of [0.5, 0.123456, -0.000001, 9.999])
        for (const nbf of [undefined, NOW + at]) {
          const times = { iat: NOW + at, exp: NOW + at + 60, nbf };
          expect(await verify(forge(header, { ...claims, ...times }, key))).toMatchObject({ kind: 'valid' });
        }
      const late = await verify(forge(header, { ...claims, iat: NOW + 0.25, exp: NOW + 60.5 }, key));
      expect(late).toEqual(refused('lifetime'));
    });

    test.each([NOW + 11, NOW + 10.5, NOW + 3600, 'soon', -1, null])('nbf %p is refused', async (nbf) => {
      expect(await verify(forge(header, { ...claims, nbf }, key))).toEqual(refused('nbf'));
    });

    test.each([undefined, null, '', 5, ['one'], 'j'.repeat(129), 'j'.repeat(300)])(
      'jti %p is refused (H1, J11, D11)',
      async (jti) => {
        expect(await verify(forge(header, { ...claims, jti }, key))).toEqual(refused('jti'));
      },
    );

    test('a claim that is missing is refused by its name', async () => {
      for (const name of ['iss', 'aud', 'iat', 'exp', 'jti'])
        expect(await verify(forge(header, without(name), key))).toEqual(refused(name));
    });
  });
}
