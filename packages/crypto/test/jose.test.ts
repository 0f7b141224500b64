import { describe, expect, test } from '@jest/globals';
import { CompactSign, compactVerify, importJWK } from 'jose';
import { checkDpopProof, createDpopProof, generateSigningKey, publicJwks, signJwt } from '../src/index.ts';
import { clockAt, NOW } from './fixtures.ts';
import { claims, TYP, verify } from './statement.ts';

describe.each(['ES256', 'EdDSA'] as const)('what we sign and accept with %s, beside jose', (alg) => {
  const key = generateSigningKey(alg);
  const clock = clockAt(NOW);

  test('jose verifies our tokens, and reads the header and the claims that we wrote', async () => {
    const { payload, protectedHeader } = await compactVerify(
      await signJwt({ typ: TYP, claims, key }),
      await importJWK({ ...key.publicJwk }),
    );
    expect(protectedHeader).toEqual({ alg, typ: TYP, kid: key.kid });
    expect(JSON.parse(Buffer.from(payload).toString())).toEqual(claims);
  });

  test('we verify its tokens, and refuse them when a bit of the signature differs', async () => {
    const token = await new CompactSign(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg, typ: TYP, kid: key.kid })
      .sign(await importJWK({ ...key.privateJwk }));
    const keys = publicJwks([key]);
    expect(await verify(token, { keys })).toEqual({ kind: 'valid', claims });
    const signature = Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url');
    for (const at of signature.keys()) {
      const other = Buffer.from(signature);
      other.writeUInt8(other.readUInt8(at) ^ 1, at);
      const tampered = `${token.slice(0, token.lastIndexOf('.'))}.${other.toString('base64url')}`;
      expect(await verify(tampered, { keys })).toEqual({ kind: 'invalid', reason: 'signature' });
    }
  });

  test('jose verifies our DPoP proofs with the key in their header', async () => {
    const proof = await createDpopProof({ key, htm: 'POST', htu: 'https://am.test/token', clock });
    const { protectedHeader } = await compactVerify(proof, await importJWK({ ...key.publicJwk }));
    const { kty, crv, x } = key.publicJwk;
    expect(protectedHeader).toMatchObject({ alg, typ: 'dpop+jwt', jwk: { kty, crv, x } });
    expect(protectedHeader.jwk).not.toHaveProperty('d');
    expect(await checkDpopProof({ headers: [proof], htm: 'POST', htu: 'https://am.test/token', clock })).toMatchObject({
      kind: 'valid',
      jkt: key.kid,
    });
  });
});
