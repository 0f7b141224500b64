import { describe, expect, test } from '@jest/globals';
import { createDpopProof, sha256base64url, thumbprint } from '../../src/index.ts';
import { clockAt, forge, NOW } from '../fixtures.ts';
import { URL_OF_TOKEN, key, edKey, header, claims, check, refused } from './scene.ts';

export function requestAndTime(): void {
  describe('a good proof', () => {
    test.each([['ES256', key] as const, ['EdDSA', edKey] as const])(
      'of a key for %s tells that key’s thumbprint',
      async (_alg, signer) => {
        const proof = await createDpopProof({
          key: signer,
          htm: 'POST',
          htu: `${URL_OF_TOKEN}?q=1#f`,
          clock: clockAt(NOW + 0.7),
        });
        const result = await check(proof);
        expect(result).toMatchObject({ kind: 'valid', jkt: signer.kid, iat: NOW });
        expect(result.kind === 'valid' && result.expiresAt - NOW).toBeGreaterThanOrEqual(60);
        expect(signer.kid).toBe(thumbprint(signer.publicJwk));
      },
    );

    test('without a header the proof is absent, which is not invalid', async () => {
      expect(await check([])).toEqual({ kind: 'absent' });
    });

    test('contains only the public members of the key', async () => {
      const proof = await createDpopProof({
        key,
        htm: 'POST',
        htu: URL_OF_TOKEN,
        nonce: 'n',
        accessToken: 't',
        clock: clockAt(NOW),
      });
      const [head, body] = proof.split('.').map((part) => Buffer.from(part, 'base64url').toString());
      expect(JSON.parse(head ?? '')).toEqual(header);
      expect(JSON.parse(body ?? '')).toMatchObject({ nonce: 'n', ath: sha256base64url('t'), htu: URL_OF_TOKEN });
    });
  });

  describe('exactly one header (D1)', () => {
    test('two headers are refused, even if they are equal or a proxy has joined them', async () => {
      const proof = forge(header, claims, key);
      expect(await check([proof, proof])).toEqual(refused('count'));
      expect(await check(`${proof}, ${proof}`)).toEqual(refused('malformed'));
      expect(await check('')).toEqual(refused('malformed'));
    });
  });

  describe('made for this request (D3)', () => {
    test.each([
      'https://photos.example/token',
      'https://am.example/token/',
      'https://am.example/Token',
      'http://am.example/token',
      'https://am.example:8443/token',
    ])('htu %p is not this endpoint', async (htu) =>
      expect(await check(forge(header, { ...claims, htu }, key))).toEqual(refused('htu')),
    );

    test.each([
      undefined,
      null,
      7,
      [URL_OF_TOKEN],
      '',
      '/token',
      'https://',
      'https://u:p@am.example/token',
      'https://am.example\\token',
      'https://am.example/to\nken',
      ` ${URL_OF_TOKEN}`,
    ])('htu %p is no http URI', async (htu) =>
      expect(await check(forge(header, { ...claims, htu }, key))).toEqual(refused('htu')),
    );

    test('an htu of more than 2048 characters after its scheme is refused, also if the request has it', async () => {
      for (const length of [2037, 2038]) {
        const htu = `https://am.example/${'a'.repeat(length)}`;
        const seen = await check(forge(header, { ...claims, htu }, key), { htu });
        expect(seen).toEqual(length === 2037 ? expect.objectContaining({ kind: 'valid' }) : refused('htu'));
      }
    });

    test.each([
      'HTTPS://AM.EXAMPLE/token',
      'https://am.example:443/token',
      'https://am.example/a/../token',
      'https://am.example/%74oken',
      `${URL_OF_TOKEN}?a=b`,
      `${URL_OF_TOKEN}#f`,
    ])('htu %p is this endpoint, differently spelled (RFC 9449 §4.3)', async (htu) =>
      expect(await check(forge(header, { ...claims, htu }, key))).toMatchObject({ kind: 'valid' }),
    );

    test.each(['GET', 'post', undefined, ['POST']])('htm %p is refused', async (htm) => {
      expect(await check(forge(header, { ...claims, htm }, key))).toEqual(refused('htm'));
    });
  });

  describe('made now (D7)', () => {
    test.each([NOW, NOW + 10, NOW + 60, NOW - 60, NOW + 0.5, NOW - 59.123])(
      'iat %p is accepted, whole or not (RFC 7519 §2)',
      async (iat) => {
        expect(await check(forge(header, { ...claims, iat }, key))).toMatchObject({ kind: 'valid', iat });
      },
    );

    test.each([NOW + 61, NOW - 61, 0, -1, String(NOW), null, undefined, NOW + 60.5, [NOW], true])(
      'iat %p is refused',
      async (iat) => {
        expect(await check(forge(header, { ...claims, iat }, key))).toEqual(refused('iat'));
      },
    );

    test.each(['1e300', '1e999'])('iat written %s is refused', async (iat) => {
      expect(await check(forge(header, JSON.stringify(claims).replace(String(NOW), iat), key))).toEqual(refused('iat'));
    });

    test('iat NaN is not JSON', async () => {
      expect(await check(forge(header, JSON.stringify(claims).replace(String(NOW), 'NaN'), key))).toEqual(
        refused('malformed'),
      );
    });

    test('a proof is remembered for as long as a process whose clock is one window slow accepts it', async () => {
      const result = await check(forge(header, { ...claims, iat: NOW + 60 }, key));
      expect(result.kind === 'valid' && result.expiresAt).toBe(NOW + 180);
    });
  });
}
