import { generateSigningKey, publicJwks, randomId, type SigningKey, signJwt } from '@chatelaine/crypto';
import { JWT_TYP } from '@chatelaine/protocol';
import { describe, expect, test } from '@jest/globals';
import { feed, host, transfer, expectDenied } from './scene.ts';

export function claims(): void {
  describe('the statement', () => {
    const now = (): number => Math.floor(Date.now() / 1000);
    const faults: readonly [string, () => Readonly<Record<string, unknown>>][] = [
      ['for another Host', () => ({ aud: 'https://other.example' })],
      ['for a list of Hosts', () => ({ aud: [host.issuer] })],
      ['for another resource', () => ({ resource: `${host.issuer}/other` })],
      ['for a narrower scope', () => ({ scope: 'entries.read' })],
      ['without scope', () => ({ scope: undefined })],
      ['that has expired', () => ({ iat: now() - 61, exp: now() - 1 })],
      ['that lives longer than 60 s', () => ({ exp: now() + 120 })],
      ['without jti', () => ({ jti: undefined })],
      ['without cnf', () => ({ cnf: undefined })],
      ['with a key instead of its thumbprint', () => ({ cnf: { jwk: feed.key.publicJwk } })],
      ['by nobody', () => ({ iss: undefined })],
      ['about nobody', () => ({ sub: undefined })],
    ];
    test.each(faults)('%s is refused', async (_name, claims) =>
      expectDenied(await transfer({ own: await feed.statement(host, claims()) })),
    );

    test('of another typ is refused', async () => {
      for (const typ of ['JWT', JWT_TYP.clientAssertion, JWT_TYP.transferStatement, JWT_TYP.dpop])
        expectDenied(await transfer({ own: await feed.statement(host, {}, { typ }) }));
    });

    test('larger than 3 KB makes the AM’s statement one that is none', async () => {
      const own = await feed.statement(host, { padding: 'p'.repeat(3000) });
      expect((await transfer({ own })).json['error']).toBe('invalid_request');
    });

    test('is not spent when the link’s token is refused: the AM asks again with the same statement', async () => {
      const own = await feed.statement(host);
      const stale = { accessToken: `cha_lt_${'A'.repeat(46)}` };
      expect((await transfer({ own, link: stale })).json['error']).toBe('invalid_request');
      expect((await transfer({ own })).status).toBe(200);
    });

    test('by a key that was rotated in is good at once', async () => {
      const fresh: SigningKey = generateSigningKey();
      const before = feed.ownKey;
      feed.publish('/jwks', publicJwks([before, fresh]));
      const claims = feed.claims(host);
      const own = await signJwt({
        typ: JWT_TYP.requesterStatement,
        claims: { ...claims, jti: randomId() },
        key: before,
      });
      expect((await transfer({ own })).status).toBe(200);
    });
  });
}
