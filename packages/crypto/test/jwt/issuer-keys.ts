import { describe, expect, test } from '@jest/globals';
import { createDpopProof, generateSigningKey, type Jwks, signJwt } from '../../src/index.ts';
import { clockAt, forge, NOW } from '../fixtures.ts';
import { claims, edKey, header, HOST, key, refused, TYP, verify } from '../statement.ts';

export function issuerKeys(): void {
  describe('keys come from the issuer’s set only (H1, J4, J8)', () => {
    test.each(['../../etc/passwd', "' OR 1=1 --", 'x'.repeat(4000), '__proto__', 'constructor', ''])(
      'kid %p finds nothing',
      async (kid) => {
        expect(await verify(forge({ ...header, kid }, claims, key))).toEqual(refused('kid'));
      },
    );

    test.each([[1], [null], [['a']], [{}]])('a kid that is not a string (%p) is refused', async (kid) => {
      expect(await verify(forge({ ...header, kid }, claims, key))).toEqual(refused('kid'));
    });

    test('a kid that is twice in the set selects no key', async () => {
      const twice: Jwks = { keys: [key.publicJwk, { ...edKey.publicJwk, kid: key.kid }] };
      expect(await verify(forge(header, claims, key), { keys: twice })).toEqual(refused('kid'));
    });

    test('a kid that is not a string is refused even if the only key has no kid', async () => {
      const { kid: _kid, ...nameless } = key.publicJwk;
      const keys: Jwks = { keys: [nameless] };
      expect(await verify(forge({ ...header, kid: 'any' }, claims, key), { keys })).toMatchObject({ kind: 'valid' });
      expect(await verify(forge({ ...header, kid: { a: 1 } }, claims, key), { keys })).toEqual(refused('kid'));
    });

    test('an empty set verifies nothing', async () => {
      expect(await verify(forge(header, claims, key), { keys: { keys: [] } })).toEqual(refused('kid'));
    });

    test('a key, a URL or a certificate in the header is not used', async () => {
      const own = generateSigningKey('ES256');
      const token = forge({ ...header, jwk: own.publicJwk, jku: 'https://evil.example', x5c: ['AA'] }, claims, own);
      expect(await verify(token)).toEqual(refused('signature'));
    });

    test('a token of another issuer is refused even though its key is known', async () => {
      expect(await verify(forge({ ...header, kid: edKey.kid, alg: 'EdDSA' }, claims, edKey))).toEqual(refused('kid'));
    });
  });

  describe('one kind of JWT is never accepted in place of another (H1, J7)', () => {
    test.each([
      'at+jwt',
      'client-authentication+jwt',
      'requester-statement+jwt',
      'JWT',
      'TRANSFER-STATEMENT+JWT',
      '',
      7,
      null,
      undefined,
    ])('typ %p is no transfer statement', async (typ) => {
      expect(await verify(forge({ alg: 'ES256', kid: key.kid, typ }, claims, key))).toEqual(refused('typ'));
    });

    test('a DPoP proof is no statement, a statement no client assertion', async () => {
      const proof = await createDpopProof({ key, htm: 'POST', htu: HOST, clock: clockAt(NOW) });
      expect(await verify(proof)).toEqual(refused('typ'));
      const statement = await signJwt({ typ: TYP, claims, key });
      expect(await verify(statement, { typ: ['client-authentication+jwt', 'JWT', undefined] })).toEqual(refused('typ'));
    });
  });
}
