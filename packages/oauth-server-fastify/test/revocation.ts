import { beforeAll, describe, expect, test } from '@jest/globals';
import { call, documented, type Party } from './clients.ts';
import { codeFor, connected, redeem, refreshed } from './flow.ts';
import type { Answer } from '@chatelaine/test-kit';
import type { Rig, Side } from './rig.ts';

/** Revocation (RFC 7009) and introspection (RFC 7662). */
export function revocationAndIntrospection(rigOf: () => Rig): void {
  let rig: Rig;
  beforeAll(() => {
    rig = rigOf();
  });
  const done = { status: 200, text: '', headers: { 'cache-control': 'no-store' } };
  const revoke = (
    side: Side,
    party: Party,
    token: string | undefined,
    hint?: string,
    replica: 0 | 1 = 0,
  ): Promise<Answer> =>
    call(rig, side, { party, path: '/revoke', form: { token, token_type_hint: hint }, dpop: [], replica });
  const introspect = (party: Party, token: string | undefined, side = rig.host): Promise<Answer> =>
    call(rig, side, { party, path: '/introspect', form: { token }, dpop: [] });

  describe('revocation', () => {
    test('an unknown token, a malformed one and one that is no token at all are answered alike', async () => {
      for (const side of [rig.am, rig.host]) {
        const { party } = await connected(rig, side);
        for (const token of [`cha_rt_${'A'.repeat(46)}`, 'x', '<script>', 'x'.repeat(8000)])
          expect(await revoke(side, party, token)).toMatchObject(done);
        expect(await revoke(side, party, undefined)).toMatchObject({ status: 400, json: { error: 'invalid_request' } });
        expect(await revoke(side, party, '')).toMatchObject({ status: 400, json: { error: 'invalid_request' } });
      }
    });

    test('another client’s token is answered the same and stays alive', async () => {
      const { accessToken, refreshToken } = await connected(rig, rig.host);
      const other = documented(rig, rig.host);
      for (const token of [accessToken, refreshToken]) {
        expect(await revoke(rig.host, other, token)).toMatchObject(done);
        expect(await rig.isAlive(token)).toBe(true);
      }
    });

    test('a refresh token ends the whole relationship, on every replica, and tells the operator', async () => {
      for (const side of [rig.am, rig.host]) {
        const { party, accessToken, refreshToken } = await connected(rig, side);
        const more = await refreshed(rig, side, { party, refreshToken });
        expect(await revoke(side, party, refreshToken, 'refresh_token', 0)).toMatchObject(done);
        for (const token of [accessToken, refreshToken, String(more.json['access_token'])])
          expect(await rig.isAlive(token)).toBe(false);
        expect(await refreshed(rig, side, { party, refreshToken, replica: 1 })).toMatchObject({
          status: 400,
          json: { error: 'invalid_grant' },
        });
        expect(side.events).toContainEqual({
          event: 'grant_ended',
          grantId: expect.any(String),
          subject: 'owner-1',
          clientId: party.id,
        });
        expect(await revoke(side, party, refreshToken, 'refresh_token', 1)).toMatchObject(done);
      }
    });

    test('an access token ends itself and nothing else, whatever the hint says', async () => {
      const { party, accessToken, refreshToken } = await connected(rig, rig.am);
      const more = await refreshed(rig, rig.am, { party, refreshToken });
      expect(await revoke(rig.am, party, accessToken, 'refresh_token')).toMatchObject(done);
      expect(await rig.isAlive(accessToken)).toBe(false);
      expect(await rig.isAlive(refreshToken)).toBe(true);
      expect(await rig.isAlive(String(more.json['access_token']))).toBe(true);
    });

    test('a code is no token: it is not ended by this, and ends by being used', async () => {
      const party = documented(rig, rig.host);
      const granted = await codeFor(rig, rig.host, { party });
      expect(await revoke(rig.host, party, granted.code)).toMatchObject(done);
      expect(await redeem(rig, rig.host, { party, ...granted })).toMatchObject({ status: 200 });
    });

    test('a transfer grant is ended by its id, known or not, again and again; an AM has none', async () => {
      const { party } = await connected(rig, rig.host);
      const grantId = 'A'.repeat(22);
      for (const replica of [0, 1] as const)
        expect(await revoke(rig.host, party, grantId, 'transfer_grant', replica)).toMatchObject(done);
      const { rows } = await rig.pool.query(
        'select ended_at is not null as ended from oauth_transfer_grant where client_id = $1',
        [party.id],
      );
      expect(rows).toEqual([{ ended: true }]);
      for (const token of ['x', `${grantId}A`, 'cha_rt_x'])
        expect(await revoke(rig.host, party, token, 'transfer_grant')).toMatchObject({
          status: 400,
          json: { error: 'invalid_request' },
        });
      const connection = await connected(rig, rig.am);
      expect(await revoke(rig.am, connection.party, grantId, 'transfer_grant')).toMatchObject(done);
      const at = 'select from oauth_transfer_grant where client_id = $1';
      expect((await rig.pool.query(at, [connection.party.id])).rows).toEqual([]);
    });

    test('nobody revokes who is not a client', async () => {
      const { party, refreshToken } = await connected(rig, rig.host);
      const stranger = { ...party, key: null };
      expect(await revoke(rig.host, stranger, refreshToken)).toMatchObject({
        status: 401,
        json: { error: 'invalid_client' },
      });
      expect(await rig.isAlive(refreshToken)).toBe(true);
    });
  });

  describe('introspection', () => {
    test('a client with keys learns of its own tokens, and of the key they are bound to', async () => {
      const { party, accessToken, refreshToken } = await connected(rig, rig.host, {
        consent: { ceiling: 'photos:read' },
      });
      const about = {
        active: true,
        iss: rig.host.issuer,
        client_id: party.id,
        sub: 'owner-1',
        scope: 'transfer',
        transfer_scope: 'photos:read',
        exp: expect.any(Number),
        iat: expect.any(Number),
      };
      expect((await introspect(party, accessToken)).json).toEqual({ ...about, token_type: 'Bearer' });
      expect((await introspect(party, refreshToken)).json).toEqual(about);
      const keyed = documented(rig, rig.am);
      const bound = await connected(rig, rig.am, { party: keyed });
      expect((await introspect(keyed, bound.accessToken, rig.am)).json).toMatchObject({
        active: true,
        token_type: 'DPoP',
        cnf: { jkt: keyed.dpop?.kid },
      });
    });

    test('anything else is inactive and nothing more: unknown, another client’s, revoked, a code, none', async () => {
      const { accessToken, refreshToken } = await connected(rig, rig.host);
      const other = documented(rig, rig.host);
      const own = await connected(rig, rig.host, { party: other });
      await revoke(rig.host, other, own.refreshToken);
      const { code } = await codeFor(rig, rig.host, { party: other });
      for (const token of [
        accessToken,
        refreshToken,
        own.accessToken,
        own.refreshToken,
        code,
        'x',
        `cha_lt_${'A'.repeat(46)}`,
        '<b>',
      ]) {
        const answer = await introspect(other, token);
        expect(answer).toMatchObject({
          status: 200,
          text: '{"active":false}',
          headers: { 'cache-control': 'no-store' },
        });
      }
    });

    test('who has no keys may not ask, and cannot learn by asking', async () => {
      const { party, accessToken } = await connected(rig, rig.am);
      const texts = new Set<string>();
      for (const token of [accessToken, 'x', undefined]) {
        const answer = await introspect(party, token, rig.am);
        expect(answer).toMatchObject({ status: 401, json: { error: 'invalid_client' } });
        texts.add(answer.text);
      }
      expect(texts.size).toBe(1);
      expect(await introspect(documented(rig, rig.am), undefined, rig.am)).toMatchObject({
        status: 400,
        json: { error: 'invalid_request' },
      });
    });
  });
}
