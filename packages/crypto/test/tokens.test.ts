import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { parseToken, TOKEN_KINDS } from '@chatelaine/protocol';
import fc from 'fast-check';
import { bucketOf, constantTimeEqual, hashToken, hostTag, mintToken, randomId, sha256base64url } from '../src/index.ts';

const kinds = fc.constantFrom(...TOKEN_KINDS);
const buckets = fc.integer({ min: 0, max: 0xffff });

test('every token that is minted parses as its kind and bucket', () => {
  fc.assert(
    fc.property(kinds, buckets, (kind, bucket) => {
      expect(parseToken(mintToken(kind, bucket))).toEqual({ kind, bucket });
    }),
  );
});

test('a token has 256 random bits: two of one owner have nothing but the bucket in common', () => {
  const minted = new Set(Array.from({ length: 1000 }, () => mintToken('at', 7).slice('cha_at_'.length + 3)));
  expect(minted.size).toBe(1000);
  const asked: number[] = [];
  mintToken('at', 7, (count) => {
    asked.push(count);
    return new Uint8Array(count);
  });
  expect(asked).toEqual([32]);
});

test('a bucket outside 16 bits throws', () => {
  for (const bucket of [-1, 65_536, 1.5, Number.NaN]) expect(() => mintToken('at', bucket)).toThrow(RangeError);
});

test('what is stored is the SHA-256 of the whole string', () => {
  const token = mintToken('rt', 1);
  expect(hashToken(token)).toEqual(createHash('sha256').update(token).digest());
  expect(hashToken(token)).not.toEqual(hashToken(token.replace('_rt_', '_at_')));
});

test('an owner has one bucket, the first 16 bits of SHA-256', () => {
  fc.assert(
    fc.property(fc.string(), (owner) => {
      expect(bucketOf(owner)).toBe(Number.parseInt(createHash('sha256').update(owner).digest('hex').slice(0, 4), 16));
    }),
  );
});

test('a Host’s tag is 22 characters and depends on its issuer alone', () => {
  expect(hostTag('https://photos.example')).toBe(sha256base64url('https://photos.example').slice(0, 22));
  expect(hostTag('https://photos.example')).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(hostTag('https://photos.example')).not.toBe(hostTag('https://photos.example/'));
});

test('ids are 128 random bits, with a prefix if one is given', () => {
  expect(randomId()).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(randomId('own')).toMatch(/^own_[A-Za-z0-9_-]{22}$/);
  expect(new Set(Array.from({ length: 1000 }, () => randomId())).size).toBe(1000);
});

describe('constantTimeEqual', () => {
  test('agrees with === for any two texts, of any lengths', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (a, b) => constantTimeEqual(a, b) === (a === b)));
    fc.assert(fc.property(fc.string(), (a) => constantTimeEqual(a, `${a}`) && !constantTimeEqual(a, `${a}x`)));
  });
});
