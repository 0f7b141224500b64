import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { calculateJwkThumbprint } from 'jose';
import {
  cryptoKeyPair,
  generateSigningKey,
  publicJwks,
  signingKeyOf,
  thumbprint,
  validateJwks,
  validatePublicJwk,
} from '../src/index.ts';

const key = generateSigningKey('ES256');
const edKey = generateSigningKey('EdDSA');
const jwk = key.publicJwk;

test('a published key set has no private member (J13)', () => {
  const text = JSON.stringify(publicJwks([key, edKey]));
  expect(text).not.toContain('"d"');
  expect(text).not.toContain(key.privateJwk.d);
  expect(validateJwks(JSON.parse(text))).toEqual({ kind: 'valid', jwks: publicJwks([key, edKey]) });
});

test('a key that was stored is read as the same key', () => {
  for (const each of [key, edKey]) expect(signingKeyOf(JSON.parse(JSON.stringify(each.privateJwk)))).toEqual(each);
  for (const bad of [null, 'x', {}, jwk, { ...key.privateJwk, d: '' }, { kty: 'oct', k: 'AA' }])
    expect(() => signingKeyOf(bad)).toThrow(TypeError);
});

test('kid is the RFC 7638 thumbprint, as another implementation calculates it', async () => {
  for (const each of [key, edKey]) {
    expect(each.kid).toBe(await calculateJwkThumbprint({ ...each.publicJwk }));
    expect(thumbprint(each.publicJwk)).toBe(each.kid);
  }
});

test('the thumbprint of the Ed25519 key of RFC 8037 appendix A.3 is the one given there', () => {
  const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
  expect(thumbprint({ kty: 'OKP', crv: 'Ed25519', x })).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  expect(validatePublicJwk({ kty: 'OKP', crv: 'Ed25519', x }).kind).toBe('valid');
});

test('a WebCrypto pair signs with the key, and its private key cannot be exported', async () => {
  for (const each of [key, edKey]) {
    const pair = await cryptoKeyPair(each);
    expect(pair.privateKey.extractable).toBe(false);
    const exported = await crypto.subtle.exportKey('jwk', pair.publicKey);
    expect(exported.x).toBe(each.publicJwk.x);
  }
});

describe('a stranger’s key set (R3)', () => {
  const many = (count: number) => Array.from({ length: count }, () => generateSigningKey('EdDSA').publicJwk);
  test.each<[string, unknown]>([
    ['null', null],
    ['an array', [jwk]],
    ['a text', 'keys'],
    ['without keys', {}],
    ['with keys that are no array', { keys: { 0: jwk } }],
    ['empty', { keys: [] }],
    ['of 21 keys', { keys: many(21) }],
    ['with a private key', { keys: [key.privateJwk] }],
    ['with a symmetric key', { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }],
    ['with a private key beside a good one', { keys: [jwk, { ...edKey.privateJwk }] }],
    ['with a symmetric key beside a good one', { keys: [jwk, { kty: 'oct', kid: 'x' }] }],
    ['with a private key of an unknown kind beside a good one', { keys: [jwk, { kty: 'AKP', priv: 'AA', kid: 'x' }] }],
    ['with one kid twice', { keys: [jwk, { ...edKey.publicJwk, kid: jwk.kid }] }],
    ['with two keys of which one has no kid', { keys: [jwk, { kty: 'OKP', crv: 'Ed25519', x: edKey.publicJwk.x }] }],
  ])('%s is refused', (_name, value) => expect(validateJwks(value).kind).toBe('invalid'));

  const rsa = (modulusLength: number) =>
    generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' });
  const others: readonly (readonly [string, unknown])[] = [
    ['an RSA 1024 key', rsa(1024)],
    ['an RSA 2048 key', { ...rsa(2048), alg: 'RS256', kid: 'rsa' }],
    [
      'a P-384 key',
      { ...generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' }), kid: '384' },
    ],
    ['an X25519 key', { ...generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }), kid: 'x' }],
    ['a key of a kind to come', { kty: 'AKP', alg: 'ML-DSA-65', pub: 'AAAA', kid: '2' }],
    ['a key without a kind', { kid: '3' }],
    ['no object', 'x'],
    ['null', null],
    ['a point off the curve', { ...jwk, x: edKey.publicJwk.x }],
    ['an unknown curve', { ...jwk, crv: 'secp256k1' }],
    ['a kid of 10 KB', { ...jwk, kid: 'k'.repeat(10_240) }],
    ['a kid that is no text', { ...jwk, kid: 7 }],
    ['a key for encryption', { ...jwk, use: 'enc' }],
    ['a key for signing only', { ...jwk, key_ops: ['sign'] }],
    ['an alg that does not fit', { ...jwk, alg: 'EdDSA' }],
    ['alg none', { ...jwk, alg: 'none' }],
  ];
  test.each(others)('with only %s has no key to verify with (RFC 7517 §5)', (_name, other) =>
    expect(validateJwks({ keys: [other] }).kind).toBe('unusable'),
  );

  test.each(others)('with %s and a good key is read as the good key alone (RFC 7517 §5)', (_name, other) => {
    for (const keys of [
      [jwk, other],
      [other, jwk],
    ])
      expect(validateJwks({ keys })).toEqual({ kind: 'valid', jwks: { keys: [jwk] } });
  });

  test('a good key needs no kid if the other keys are left out', () => {
    const { kid: _kid, ...nameless } = jwk;
    const keys = [nameless, ...others.map(([, other]) => other)];
    expect(validateJwks({ keys })).toEqual({ kind: 'valid', jwks: { keys: [nameless] } });
  });

  test('of 20 keys is accepted', () => expect(validateJwks({ keys: many(20) }).kind).toBe('valid'));

  test('a single key needs no kid; unknown members are dropped', () => {
    const { kty, crv, x } = edKey.publicJwk;
    const read = validateJwks({
      keys: [{ kty, crv, x, key_ops: ['verify'], alg: 'Ed25519', x5c: ['AA'], note: 'hello' }],
      more: 1,
    });
    expect(read).toEqual({ kind: 'valid', jwks: { keys: [{ kty, crv, x, alg: 'EdDSA' }] } });
  });

  test('it never throws, and random values are not keys', () => {
    const loose = fc.record(
      {
        kty: fc.constantFrom('EC', 'OKP', 'RSA', 'oct'),
        crv: fc.constantFrom('P-256', 'Ed25519', 'P-384'),
        x: fc.oneof(fc.string(), fc.base64String()),
        y: fc.string(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          loose,
          fc.array(loose).map((keys) => ({ keys })),
        ),
        (value) => validateJwks(value).kind !== 'valid',
      ),
    );
  });

  test('every key that is generated is on its curve', () => {
    for (let round = 0; round < 25; round += 1) {
      expect(validateJwks(publicJwks([generateSigningKey('ES256'), generateSigningKey('EdDSA')])).kind).toBe('valid');
    }
  });

  test('about half of all 32-byte values are not Ed25519 points', () => {
    const points = fc.sample(fc.uint8Array({ minLength: 32, maxLength: 32 }), { numRuns: 100, seed: 7 });
    const valid = points.filter(
      (bytes) =>
        validatePublicJwk({ kty: 'OKP', crv: 'Ed25519', x: Buffer.from(bytes).toString('base64url') }).kind === 'valid',
    );
    expect(valid.length).toBeGreaterThan(20);
    expect(valid.length).toBeLessThan(80);
  });
});
