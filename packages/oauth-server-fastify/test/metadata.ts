import { beforeAll, describe, expect, test } from '@jest/globals';
import { documented, type Party, registered } from './clients.ts';
import { connected, requestOf } from './flow.ts';
import { type Answer, send } from '@chatelaine/test-kit';
import type { Rig, Side } from './rig.ts';

/** RFC 8414. */
export function metadata(rigOf: () => Rig): void {
  let rig: Rig;
  let party: Party;
  beforeAll(async () => {
    rig = rigOf();
    party = await registered(rig);
  });

  describe('metadata', () => {
    const metadataOf = (side: Side): Promise<Answer> =>
      send(side.ports[0], { path: '/.well-known/oauth-authorization-server' });
    const pathOf = (side: Side, url: unknown): string => String(url).slice(side.issuer.length);

    test('is honest: every endpoint that is listed answers, and is on the issuer’s own origin', async () => {
      for (const side of [rig.am, rig.host]) {
        const { json, status, headers } = await metadataOf(side);
        expect({ status, cache: headers['cache-control'] }).toEqual({ status: 200, cache: 'public, max-age=300' });
        expect(json['issuer']).toBe(side.issuer);
        const endpoints = Object.entries(json).filter(([name]) => name.endsWith('_endpoint'));
        expect(endpoints.length).toBeGreaterThanOrEqual(5);
        for (const [, url] of endpoints) {
          expect(url).toMatch(new RegExp(`^${side.issuer}/[a-z]+$`));
          expect([400, 401, 415]).toContain(
            (await send(side.ports[0], { method: 'POST', path: pathOf(side, url) })).status,
          );
        }
      }
    });

    test('is honest: what a server does not list it does not have', async () => {
      const [am, host] = [(await metadataOf(rig.am)).json, (await metadataOf(rig.host)).json];
      expect(am).toMatchObject({
        require_pushed_authorization_requests: false,
        registration_endpoint: `${rig.am.issuer}/register`,
        token_endpoint_auth_methods_supported: ['private_key_jwt', 'none'],
      });
      expect(host).toMatchObject({
        require_pushed_authorization_requests: true,
        token_endpoint_auth_methods_supported: ['private_key_jwt'],
        chatelaine_transfer_scopes: { 'photos:read': expect.any(String) },
      });
      expect(host).not.toHaveProperty('registration_endpoint');
      expect(
        (
          await send(rig.host.ports[0], {
            method: 'POST',
            path: '/register',
            headers: { 'content-type': 'application/json' },
            body: '{}',
          })
        ).status,
      ).toBe(404);
      for (const json of [am, host]) {
        expect(json).toMatchObject({
          response_types_supported: ['code'],
          response_modes_supported: ['query'],
          code_challenge_methods_supported: ['S256'],
          grant_types_supported: ['authorization_code', 'refresh_token'],
          authorization_response_iss_parameter_supported: true,
        });
      }
    });

    test('is honest: each listed client authentication and signature works', async () => {
      const keyed = documented(rig, rig.am);
      expect(await connected(rig, rig.am, { party: keyed })).toMatchObject({
        accessToken: expect.stringMatching(/^cha_ct_/),
      });
      expect(await connected(rig, rig.am, { party })).toMatchObject({ accessToken: expect.stringMatching(/^cha_ct_/) });
      for (const algs of ['token_endpoint_auth_signing_alg_values_supported', 'dpop_signing_alg_values_supported']) {
        expect((await metadataOf(rig.am)).json[algs]).toEqual(['ES256', 'EdDSA', 'Ed25519']);
      }
      expect(Object.keys(requestOf(rig.am, party))).toContain('dpop_jkt');
    });
  });
}
