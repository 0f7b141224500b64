import { describe, expect, test } from '@jest/globals';
import {
  createDpopProof,
  checkDpopProof,
  generateSigningKey,
  publicJwks,
  signJwt,
  validateJwks,
} from '../src/index.ts';
import { createKnownKeys, proofKeys, publishedKeys } from '../src/known-keys.ts';
import { readHeader } from '../src/jws.ts';
import { b64, clockAt, forge, NOW } from './fixtures.ts';
import { claims, edKey, header, key, refused, TYP, verify } from './statement.ts';

const ed = { kty: 'OKP', crv: 'Ed25519', x: edKey.publicJwk.x };
const ec = (signer = key) => ({ ...signer.publicJwk }) as { kty: string; crv: string; x: string; y: string };

/** The set as its reader gets it: parsed again for each token. */
function setOf(...keys: unknown[]) {
  const read = validateJwks(JSON.parse(JSON.stringify({ keys })));
  if (read.kind !== 'valid') throw new Error(read.kind);
  return read.jwks;
}

describe('a known key', () => {
  test.each([['P-256', ec()] as const, ['Ed25519', ed] as const])(
    'is the same object the next time, whatever labels it carries (%s)',
    (_curve, jwk) => {
      const known = createKnownKeys(4);
      const first = known.materialOf(jwk);
      expect(first).not.toBeNull();
      expect(known.materialOf({ ...jwk, kid: 'renamed', use: 'sig' })).toBe(first);
      expect(known.size).toBe(1);
    },
  );

  test('is one of a bounded number, of which the least recently used is dropped', () => {
    const known = createKnownKeys(2);
    const [a, b, c] = [ec(generateSigningKey()), ec(generateSigningKey()), ec(generateSigningKey())];
    const first = known.materialOf(a);
    const second = known.materialOf(b);
    known.materialOf(a);
    known.materialOf(c);
    expect(known.size).toBe(2);
    expect(known.materialOf(a)).toBe(first);
    expect(known.materialOf(b)).not.toBe(second);
  });

  test('is not evicted by keys that strangers send in proofs', async () => {
    setOf(ec());
    const kept = publishedKeys.materialOf(ec());
    const stranger = generateSigningKey();
    const before = { published: publishedKeys.size, proofs: proofKeys.size };
    const request = { htm: 'POST', htu: 'https://am.example/token', clock: clockAt(NOW) };
    const proof = await createDpopProof({ ...request, key: stranger });
    expect(await checkDpopProof({ ...request, headers: [proof] })).toMatchObject({ kind: 'valid', jkt: stranger.kid });
    expect({ published: publishedKeys.size, proofs: proofKeys.size }).toEqual({ ...before, proofs: before.proofs + 1 });
    expect(publishedKeys.materialOf(ec())).toBe(kept);
  });
});

describe('what is not a key is refused each time, even if it resembles a known one (D8)', () => {
  const good = ec();
  test.each([
    ['the y of another key', { ...good, y: ec(generateSigningKey()).y }],
    ['its coordinates exchanged', { ...good, x: good.y, y: good.x }],
    ['no y', { kty: good.kty, crv: good.crv, x: good.x }],
    ['its x called Ed25519', { kty: 'OKP', crv: 'Ed25519', x: `${good.x.slice(0, 42)}_` }],
    ['another curve', { ...good, crv: 'P-384' }],
    ['a separator in a coordinate', { ...good, x: `${good.x.slice(0, 42)}|` }],
    ['a list for a coordinate', { ...good, x: [good.x] }],
    ['a list for its curve', { ...good, crv: [good.crv] }],
    ['a list for its type', { ...ed, kty: [ed.kty] }],
    ['a list for the curve of an Ed25519 key', { ...ed, crv: [ed.crv] }],
    ['its type and curve in one member', { kty: `${good.kty}|${good.crv}`, crv: good.x, x: good.y }],
    ['its curve and x in one member', { ...good, crv: `${good.crv}|${good.x}`, x: good.y }],
    ['a list for its y', { ...good, y: [good.y] }],
    ['no type', { crv: good.crv, x: good.x, y: good.y }],
    ['a point of small order', { kty: 'OKP', crv: 'Ed25519', x: `AQ${'A'.repeat(41)}` }],
  ])('%s', (_name, jwk) => {
    const cold = createKnownKeys(8);
    const warm = createKnownKeys(8);
    for (const seen of [good, ed]) expect(warm.materialOf(seen)).not.toBeNull();
    expect([cold.materialOf(jwk), cold.size]).toEqual([null, 0]);
    expect([warm.materialOf(jwk), warm.materialOf(jwk), warm.size]).toEqual([null, null, 2]);
  });

  test('a private member added to a known key makes the set invalid', () => {
    setOf(ec());
    expect(validateJwks({ keys: [{ ...key.privateJwk }] })).toMatchObject({ kind: 'invalid' });
  });
});

describe('no key is taken for another, in whichever order they come', () => {
  const other = generateSigningKey('ES256');
  const named = (signer: typeof key) => ({ ...signer.publicJwk, kid: 'one' });
  const by = (signer: typeof key) => forge({ ...header, kid: 'one' }, claims, signer);

  test('two clients that use the same kid are each verified by their own key only', async () => {
    for (const [mine, theirs] of [
      [key, other],
      [other, key],
      [key, other],
    ] as const) {
      expect(await verify(by(mine), { keys: setOf(named(mine)) })).toMatchObject({ kind: 'valid' });
      expect(await verify(by(theirs), { keys: setOf(named(mine)) })).toEqual(refused('signature'));
    }
  });

  test('a key removed from the set is refused at once, and one added under its kid is used at once', async () => {
    expect(await verify(by(key), { keys: setOf(named(key)) })).toMatchObject({ kind: 'valid' });
    expect(await verify(by(key), { keys: setOf(named(other)) })).toEqual(refused('signature'));
    expect(await verify(by(other), { keys: setOf(named(other)) })).toMatchObject({ kind: 'valid' });
    const retired = await signJwt({ typ: TYP, claims, key });
    expect(await verify(retired, { keys: publicJwks([other]) })).toEqual(refused('kid'));
  });

  test('a key that verified under its own algorithm is refused under another (J3)', async () => {
    const keys = setOf(named(key));
    expect(await verify(by(key), { keys })).toMatchObject({ kind: 'valid' });
    for (const alg of ['EdDSA', 'Ed25519', 'HS256', 'none']) {
      const forged = `${b64({ ...header, kid: 'one', alg })}.${by(key).split('.').slice(1).join('.')}`;
      expect(await verify(forged, { keys })).toEqual(refused('alg'));
    }
  });

  test('an Ed25519 key is read under both names of its algorithm, in either order', async () => {
    const signed = (alg: string) => forge({ ...header, alg, kid: edKey.kid }, claims, edKey);
    for (const alg of ['Ed25519', 'EdDSA', 'Ed25519']) {
      expect(await verify(signed(alg), { keys: setOf(edKey.publicJwk) })).toMatchObject({ kind: 'valid' });
    }
  });

  test('a header that is read again says the same, and nobody can change what it says', async () => {
    const token = forge({ alg: 'ES256', typ: 'dpop+jwt', jwk: bare(ec()) }, {}, key);
    const [once, again] = [readHeader(token), readHeader(token)];
    expect(again).toEqual(once);
    if (once.kind !== 'valid') throw new Error('refused');
    expect(() => Object.assign(once.header, { alg: 'none' })).toThrow(TypeError);
    expect(() => Object.assign(once.header.jwk as object, { x: 'other' })).toThrow(TypeError);
  });

  test('a proof whose key differs from a known one in one coordinate is refused', async () => {
    const request = { htm: 'POST', htu: 'https://am.example/token', clock: clockAt(NOW) };
    const good = await createDpopProof({ ...request, key });
    expect(await checkDpopProof({ ...request, headers: [good] })).toMatchObject({ kind: 'valid' });
    const payload = { jti: 'one', htm: 'POST', htu: request.htu, iat: NOW };
    const swapped = forge({ alg: 'ES256', typ: 'dpop+jwt', jwk: { ...ec(), y: ec(other).y } }, payload, key);
    expect(await checkDpopProof({ ...request, headers: [swapped] })).toEqual(refused('jwk'));
    const stolen = forge({ alg: 'ES256', typ: 'dpop+jwt', jwk: bare(ec()) }, payload, other);
    expect(await checkDpopProof({ ...request, headers: [stolen] })).toEqual(refused('signature'));
  });
});

const bare = ({ kty, crv, x, y }: ReturnType<typeof ec>) => ({ kty, crv, x, y });
