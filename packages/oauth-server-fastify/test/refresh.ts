import { beforeAll, describe, expect, test } from '@jest/globals';
import { createPgStorage } from '@chatelaine/oauth-server-pg';
import { documented, type Party, proof, registered, someKey } from './clients.ts';
import { connected, refreshed } from './flow.ts';
import type { Rig } from './rig.ts';

/** The refresh grant: not rotated, because every client here is bound to a key. PROTOCOL §1. */
export function refreshGrant(rigOf: () => Rig): void {
  describe('the refresh grant', () => {
    let rig: Rig;
    beforeAll(() => {
      rig = rigOf();
    });
    const invalidGrant = { status: 400, json: { error: 'invalid_grant' } };

    test('a refresh token is not rotated: a lost answer ends no relationship', async () => {
      for (const side of [rig.am, rig.host]) {
        const { party, refreshToken, accessToken } = await connected(rig, side);
        const [first, second] = [
          await refreshed(rig, side, { party, refreshToken, replica: 0 }),
          await refreshed(rig, side, { party, refreshToken, replica: 1 }),
        ];
        for (const answer of [first, second]) {
          expect(answer).toMatchObject({
            status: 200,
            headers: { 'cache-control': 'no-store' },
            json: { expires_in: 3600, scope: 'transfer' },
          });
          expect(answer.json).not.toHaveProperty('refresh_token');
          expect(answer.json['token_type']).toBe(side === rig.am ? 'DPoP' : 'Bearer');
          expect(await rig.isAlive(String(answer.json['access_token']))).toBe(true);
        }
        expect(await rig.isAlive(accessToken)).toBe(true);
      }
    });

    test('the ceiling is told with every refresh', async () => {
      const { party, refreshToken } = await connected(rig, rig.host, { consent: { ceiling: 'photos:write' } });
      expect((await refreshed(rig, rig.host, { party, refreshToken })).json['transfer_scope']).toBe('photos:write');
    });

    test('T4 a refresh token of another client is refused, and stays good for its own', async () => {
      const { party, refreshToken } = await connected(rig, rig.am);
      const thief: Party = { ...(await registered(rig)), dpop: party.dpop };
      expect(await refreshed(rig, rig.am, { party: thief, refreshToken })).toMatchObject(invalidGrant);
      expect(await refreshed(rig, rig.am, { party, refreshToken })).toMatchObject({ status: 200 });
      const link = await connected(rig, rig.host);
      expect(
        await refreshed(rig, rig.host, { party: documented(rig, rig.host), refreshToken: link.refreshToken }),
      ).toMatchObject(invalidGrant);
      expect(await refreshed(rig, rig.host, link)).toMatchObject({ status: 200 });
    });

    test('a bound refresh token is refused with another key, and without a proof', async () => {
      const { party, refreshToken } = await connected(rig, rig.am);
      const dpop = [await proof(rig, rig.am, someKey())];
      expect(await refreshed(rig, rig.am, { party, refreshToken, dpop })).toMatchObject(invalidGrant);
      expect(await refreshed(rig, rig.am, { party, refreshToken, dpop: [] })).toMatchObject({
        status: 400,
        json: { error: 'invalid_dpop_proof' },
      });
      expect(await refreshed(rig, rig.am, { party, refreshToken })).toMatchObject({ status: 200 });
    });

    test('after the relationship ended nothing is refreshed, on any replica', async () => {
      const { party, refreshToken } = await connected(rig, rig.am);
      const { rows } = await rig.pool.query<{ id: string }>('select id from oauth_grant where client_id = $1', [
        party.id,
      ]);
      expect(await createPgStorage(rig.pool).endGrant({ id: rows[0]?.id ?? '', by: 'owner' })).toBe(true);
      for (const replica of [0, 1] as const) {
        expect(await refreshed(rig, rig.am, { party, refreshToken, replica })).toMatchObject(invalidGrant);
        // a stock client without keys has to read that it must ask the owner anew
        expect(await refreshed(rig, rig.am, { party, refreshToken, replica, dpop: [] })).toMatchObject(invalidGrant);
      }
    });

    test('a refresh token lives 90 days from its last use', async () => {
      const { party, refreshToken } = await connected(rig, rig.am);
      const days = 86_400;
      await rig.age(89 * days);
      expect(await refreshed(rig, rig.am, { party, refreshToken })).toMatchObject({ status: 200 });
      await rig.age(89 * days);
      expect(await refreshed(rig, rig.am, { party, refreshToken })).toMatchObject({ status: 200 });
      await rig.age(91 * days);
      expect(await refreshed(rig, rig.am, { party, refreshToken })).toMatchObject(invalidGrant);
    });

    test('only what was granted may be asked for', async () => {
      const { party, refreshToken } = await connected(rig, rig.am);
      for (const scope of ['photos:read', 'transfer photos:read', 'transfer  ', 'Transfer']) {
        const answer = await refreshed(rig, rig.am, { party, refreshToken, form: { scope } });
        expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_scope' } });
      }
      expect(await refreshed(rig, rig.am, { party, refreshToken, form: { scope: 'transfer' } })).toMatchObject({
        status: 200,
      });
    });

    test('what is no refresh token is refused like one that is unknown', async () => {
      const { party, accessToken } = await connected(rig, rig.am);
      const texts = new Set<string>();
      for (const refreshToken of [accessToken, 'x', `cha_rt_${'A'.repeat(46)}`]) {
        const answer = await refreshed(rig, rig.am, { party, refreshToken });
        expect(answer).toMatchObject(invalidGrant);
        texts.add(answer.text);
      }
      expect(texts.size).toBe(1);
      expect(await refreshed(rig, rig.am, { party, refreshToken: '' })).toMatchObject({
        status: 400,
        json: { error: 'invalid_request' },
      });
    });
  });
}
