import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromDer, toDer } from '../src/ecdsa-signature.ts';

const coordinates = fc.uint8Array({ minLength: 32, maxLength: 32 });
/** With leading zeros and high bits more often than chance would have them. */
const number = fc.oneof(
  coordinates,
  fc.tuple(coordinates, fc.integer({ min: 0, max: 32 })).map(([bytes, zeros]) => bytes.fill(0, 0, zeros)),
  fc.tuple(coordinates, fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)).map(([bytes, first]) => bytes.fill(first, 0, 1)),
);

describe('signatures on P-256, in the encoding of a JWS and in that of OpenSSL', () => {
  test('any two numbers come back as they were, in DER that is as short as it can be', () => {
    fc.assert(
      fc.property(number, number, (r, s) => {
        const raw = Buffer.concat([r, s]);
        const der = toDer(raw);
        expect(der === null ? null : fromDer(der)).toEqual(raw);
        // neither a needless zero nor a negative number (X.690 §8.3.2)
        const atS = 4 + (der?.[3] ?? 0);
        for (const at of [2, atS]) {
          const [length = 0, first = 0, second = 0] = der?.subarray(at + 1) ?? [];
          expect(first).toBeLessThan(0x80);
          if (first === 0 && length > 1) expect(second).toBeGreaterThanOrEqual(0x80);
        }
      }),
    );
  });

  test('node:crypto reads and writes both alike', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const raw = { dsaEncoding: 'ieee-p1363' } as const;
    fc.assert(
      fc.property(fc.uint8Array(), (data) => {
        const theirs = sign('sha256', data, { key: privateKey, ...raw });
        expect(verify('sha256', data, publicKey, toDer(theirs) ?? Buffer.of())).toBe(true);
        const ours = fromDer(sign('sha256', data, privateKey));
        expect(verify('sha256', data, { key: publicKey, ...raw }, ours)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test.each([0, 1, 63, 65, 72, 128])('%d bytes are no signature', (length) => {
    expect(toDer(Buffer.alloc(length, 1))).toBeNull();
  });
});
