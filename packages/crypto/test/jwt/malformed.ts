import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { unverifiedIssuer } from '../../src/index.ts';
import { b64, forge, NOW, signText } from '../fixtures.ts';
import { AM, claims, header, key, refused, verify } from '../statement.ts';

export function malformed(): void {
  describe('what is not a JWT is refused before anything in it is used', () => {
    test('more than 8 KB is refused before parsing (J15)', async () => {
      expect(await verify(forge(header, { ...claims, pad: 'x'.repeat(8192) }, key))).toEqual(refused('size'));
      expect(await verify('a'.repeat(100_000))).toEqual(refused('size'));
    });

    test.each([{ crit: ['exp'] }, { crit: [] }, { b64: false, crit: ['b64'] }, { b64: false }])(
      'a header with %p is refused',
      async (extra) => {
        expect(await verify(forge({ ...header, ...extra }, claims, key))).toEqual(refused('crit'));
      },
    );

    test('claims that are not valid UTF-8 are refused, not repaired', async () => {
      const text = JSON.stringify({ ...claims, name: 'X' });
      const bytes = Buffer.from(text.replace('X', 'é'), 'latin1');
      expect(await verify(forge(header, bytes, key))).toEqual(refused('malformed'));
      expect(await verify(forge(header, Buffer.from(text), key))).toMatchObject({ kind: 'valid' });
    });

    test.each([
      ['header', 0],
      ['payload', 1],
      ['signature', 2],
    ])('a %s of a length that no bytes have is refused, signed or not (RFC 7515 §2)', async (_name, at) => {
      // padded until base64url ends with a whole group, so that one more character stands for no byte
      const whole = (value: object, pad = ''): string =>
        b64({ ...value, pad }).length % 4 === 0 ? b64({ ...value, pad }) : whole(value, `${pad}x`);
      const parts = [whole(header), whole(claims)];
      if (at < 2) parts[at] += 'A';
      const signed = signText(parts.join('.'), key);
      expect(await verify(at < 2 ? signed : `${signed}AAA`)).toEqual(refused('malformed'));
    });

    test.each([null, [], 'text', 7])('claims that are %p are refused', async (payload) => {
      expect(await verify(forge(header, JSON.stringify(payload), key))).toEqual(refused('malformed'));
    });

    test.each([
      '',
      '.',
      '..',
      'a.b',
      'a.b.c.d',
      'a.b.c',
      '{}.{}.x',
      `${b64([])}.${b64({})}.AA`,
      'eyJ=.eyJ=.AA=',
      ' a.b.c',
    ])('%p is refused', async (token) => {
      expect((await verify(token)).kind).toBe('invalid');
    });

    test('it never throws, whatever the text', async () => {
      const part = fc.oneof(fc.string(), fc.json().map(b64), fc.constant(b64(header)), fc.constant(b64(claims)));
      await fc.assert(
        fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
          expect((await verify(parts.join('.'))).kind).toBe('invalid');
        }),
        { numRuns: 300 },
      );
    });

    test('a claim of any other type neither makes it throw nor is accepted', async () => {
      const names = fc.constantFrom('iss', 'aud', 'exp', 'iat', 'jti', 'nbf');
      await fc.assert(
        fc.asyncProperty(names, fc.jsonValue(), async (name, value) => {
          const result = await verify(forge(header, { ...claims, [name]: value }, key));
          const goodId = name === 'jti' && typeof value === 'string' && value !== '' && value.length <= 128;
          // a NumericDate may have a fraction (RFC 7519 §2), and an nbf in the past forbids nothing
          const pastStart = name === 'nbf' && typeof value === 'number' && value > 0 && value <= NOW + 10;
          expect(result.kind).toBe(goodId || pastStart ? 'valid' : 'invalid');
        }),
        { numRuns: 200 },
      );
    });
  });

  test('the unverified issuer is a string or null, never an error', () => {
    expect(unverifiedIssuer(forge(header, claims, key))).toBe(AM);
    expect(unverifiedIssuer(forge(header, { ...claims, iss: [AM] }, key))).toBeNull();
    expect(unverifiedIssuer('x'.repeat(9000))).toBeNull();
    fc.assert(fc.property(fc.string(), (text) => unverifiedIssuer(text) === null));
  });
}
