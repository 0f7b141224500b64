import { randomUUID, createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { importJWK, type JWK, SignJWT } from 'jose';
import { exchange } from '../support/requester.ts';
import { ask, deployment, offered, outcomeOf } from './scene.ts';

/** A Requester built from docs/protocol.md and a JOSE library, without our packages. PROTOCOL §10. */
export function stockSigner(): void {
  describe('a Requester without our kit', () => {
    it('signs the terms with a stock JOSE library, by what the document says', async () => {
      const { requester, connection, ...rest } = await offered();
      const signed = async (jwk: JWK, typ: string, alg: string, claims: Record<string, unknown>) => {
        const { d: _, kid: _kid, use: _use, alg: _alg, ...own } = jwk;
        const header = { alg, typ, jwk: own };
        return new SignJWT(claims)
          .setProtectedHeader(header)
          .setIssuedAt()
          .sign(await importJWK(jwk, alg));
      };
      const agreements = `${deployment.issuer}/agreements`;
      const call = async (method: string, body?: string) => {
        const ath = createHash('sha256').update(connection.accessToken).digest('base64url');
        const claims = { htm: method, htu: agreements, jti: randomUUID(), ath };
        const dpop = await signed({ ...requester.key.privateJwk }, 'dpop+jwt', 'ES256', claims);
        const headers = { authorization: `DPoP ${connection.accessToken}`, dpop, 'content-type': 'application/json' };
        return exchange(deployment.ams[0].port, { method, path: '/agreements', headers, ...(body && { body }) });
      };
      const proffer = String((await call('GET')).json['proffer']);
      const { terms } = JSON.parse(Buffer.from(proffer.split('.')[1] ?? '', 'base64url').toString()) as {
        terms: { uri: string }[];
      };
      const uri = String(terms[0]?.uri);
      const { text } = await exchange(deployment.ams[0].port, {
        method: 'GET',
        path: new URL(uri).pathname,
        headers: { accept: 'application/json' },
      });
      const digest = createHash('sha256').update(text).digest('base64url');
      const [iss, aud] = [requester.clientId, deployment.issuer];
      const claims = { iss, sub: iss, aud, proffer, accepted: { uri, digest } };
      const agreement = await signed({ ...requester.ownKey?.privateJwk }, 'terms-agreement+jwt', 'EdDSA', claims);
      expect((await call('POST', JSON.stringify({ agreement }))).json).toEqual({ proffer, agreement });
      expect(outcomeOf(await ask({ requester, connection, ...rest }))).toBe('200 token');
    });
  });
}
