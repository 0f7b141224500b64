import { generateSigningKey } from '@chatelaine/crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { proof, REDIRECT_URI, registered, someKey } from './clients.ts';
import { authorizePath, codeFor, connected, push, redeem, refreshed, requestOf } from './flow.ts';
import { type Answer, postForm, postJson, send } from '@chatelaine/test-kit';
import type { Rig } from './rig.ts';

/** What a registered client can do with its registration: RFC 7592. */
export function registrationManagement(rigOf: () => Rig): void {
  describe('a registration', () => {
    let rig: Rig;
    beforeAll(() => {
      rig = rigOf();
    });
    const manage = (method: string, id: string, token: string, replica: 0 | 1 = 1): Promise<Answer> =>
      send(rig.am.ports[replica], { method, path: `/register/${id}`, headers: { authorization: `Bearer ${token}` } });

    test('R6 a registration access token opens its own client and no other', async () => {
      const [one, two] = [await registered(rig), await registered(rig)];
      const refused = {
        status: 401,
        json: { error: 'invalid_token' },
        headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
      };
      const texts = new Set<string>();
      for (const [id, token] of [
        [two.id, one.registrationToken],
        ['client_unknown', one.registrationToken],
        [one.id, `cha_ra_${'A'.repeat(46)}`],
        [one.id, 'x'],
        ['%00', one.registrationToken],
        ['%F0%9F%98%80', one.registrationToken],
      ] as const) {
        for (const method of ['GET', 'DELETE']) {
          const answer = await manage(method, id, token);
          expect(answer).toMatchObject(refused);
          texts.add(answer.text);
        }
      }
      expect(texts.size).toBe(1);
      expect((await manage('GET', two.id, two.registrationToken)).status).toBe(200);
    });

    test('R8 a deleted client is gone with all it had: codes, tokens, open requests', async () => {
      const party = await registered(rig);
      const relationship = await connected(rig, rig.am, { party });
      const granted = await codeFor(rig, rig.am, { party });
      const request = await push(rig, rig.am, { party });
      expect(await manage('DELETE', party.id, party.registrationToken)).toMatchObject({ status: 204, text: '' });
      expect(await manage('DELETE', party.id, party.registrationToken)).toMatchObject({ status: 401 });
      expect(await manage('GET', party.id, party.registrationToken)).toMatchObject({ status: 401 });
      expect(await rig.isAlive(relationship.accessToken)).toBe(false);
      expect(await rig.isAlive(relationship.refreshToken)).toBe(false);
      const invalidClient = { status: 401, json: { error: 'invalid_client' } };
      expect(await refreshed(rig, rig.am, relationship)).toMatchObject(invalidClient);
      expect(await redeem(rig, rig.am, { party, ...granted })).toMatchObject(invalidClient);
      const opened = await send(rig.am.ports[0], {
        path: authorizePath({ client_id: party.id, request_uri: String(request.json['request_uri']) }),
      });
      expect(opened.status).toBe(400);
      const { rows } = await rig.pool.query('select from oauth_grant where client_id = $1 and ended_at is null', [
        party.id,
      ]);
      expect(rows).toEqual([]);
    });

    test('R9 a malformed Authorization header is refused like a wrong token', async () => {
      const { id } = await registered(rig);
      for (const authorization of [
        '',
        'Bearer',
        'Bearer ',
        'Basic x',
        'Bearer a b',
        `Bearer ${'x'.repeat(5000)}`,
        'bearer\tx',
      ]) {
        const answer = await send(rig.am.ports[0], { path: `/register/${id}`, headers: { authorization } });
        expect(answer).toMatchObject({ status: 401, json: { error: 'invalid_token' } });
      }
      expect(await send(rig.am.ports[0], { path: `/register/${id}` })).toMatchObject({ status: 401 });
    });

    test('a client with keys registers and is who it says by them alone', async () => {
      const key = generateSigningKey();
      const party = {
        ...(await registered(rig, { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.publicJwk] } })),
        key,
      };
      const relationship = await connected(rig, rig.am, { party });
      expect(await refreshed(rig, rig.am, relationship)).toMatchObject({ status: 200 });
      const dpop = { dpop: await proof(rig, rig.am, party.dpop ?? someKey()) };
      const alone = { client_id: party.id, grant_type: 'refresh_token', refresh_token: relationship.refreshToken };
      expect(await postForm(rig.am.ports[0], '/token', alone, dpop)).toMatchObject({
        status: 401,
        json: { error: 'invalid_client' },
      });
    });

    test('a closed server has no registration, and knows no client of another', async () => {
      for (const path of ['/register', '/register/client_x']) {
        expect((await postJson(rig.host.ports[0], path, { redirect_uris: [REDIRECT_URI] })).status).toBe(404);
      }
      const party = await registered(rig);
      expect(requestOf(rig.am, party)['client_id']).toBe(party.id);
    });
  });
}
