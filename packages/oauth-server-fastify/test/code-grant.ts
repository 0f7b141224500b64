import { createVerifier } from '@chatelaine/crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  call,
  documented,
  identification,
  INVALID_GRANT,
  INVALID_REQUEST,
  type Party,
  proof,
  registered,
  sidesOf,
  someKey,
} from './clients.ts';
import { codeFor, connected, push, pushed, redeem, refreshed } from './flow.ts';
import { type Answer, encodeForm, postForm, send } from '@chatelaine/test-kit';
import type { Rig } from './rig.ts';

/** The token endpoint's code grant. */
export function codeGrant(rigOf: () => Rig): void {
  describe('the code grant', () => {
    let rig: Rig;
    let party: Party;
    let am: Party;
    beforeAll(async () => {
      rig = rigOf();
      party = await registered(rig);
      am = documented(rig, rig.host);
    });
    const sides = () => sidesOf(rig, { party, am });

    test('a code is redeemed at any replica: bound to a key at an AM, by authentication at a Host', async () => {
      for (const replica of [0, 1] as const) {
        const connection = await redeem(rig, rig.am, { party, replica, ...(await codeFor(rig, rig.am, { party })) });
        expect(connection).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
        expect(connection.json).toEqual({
          access_token: expect.stringMatching(/^cha_ct_/),
          token_type: 'DPoP',
          expires_in: 3600,
          scope: 'transfer',
          refresh_token: expect.stringMatching(/^cha_rt_/),
        });
      }
      const link = await redeem(rig, rig.host, {
        party: am,
        ...(await codeFor(rig, rig.host, { party: am, consent: { ceiling: 'photos:read' } })),
      });
      expect(link.json).toEqual({
        access_token: expect.stringMatching(/^cha_lt_/),
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'transfer',
        transfer_scope: 'photos:read',
        refresh_token: expect.stringMatching(/^cha_rt_/),
      });
    });

    test('an owner’s "until when" ends both tokens', async () => {
      const granted = await codeFor(rig, rig.host, { party: am, consent: { days: '0.01' } });
      const link = await redeem(rig, rig.host, { party: am, ...granted });
      expect(link.json['expires_in']).toBeLessThanOrEqual(864);
      await rig.age(870);
      expect(await rig.isAlive(String(link.json['refresh_token']))).toBe(false);
    });

    test('T1 one wrong verifier spoils the code: the right one comes too late', async () => {
      for (const [side, client] of sides()) {
        const { code, verifier } = await codeFor(rig, side, { party: client });
        expect(await redeem(rig, side, { party: client, code, verifier: createVerifier() })).toMatchObject(
          INVALID_GRANT,
        );
        expect(await redeem(rig, side, { party: client, code, verifier })).toMatchObject(INVALID_GRANT);
      }
    });

    test('T2 the verifier is asked for, and is one', async () => {
      const { code, verifier } = await codeFor(rig, rig.am, { party });
      const without = (code_verifier: string | undefined): Promise<Answer> =>
        redeem(rig, rig.am, { party, code, verifier, form: { code_verifier } });
      expect(await without(undefined)).toMatchObject(INVALID_REQUEST);
      expect(await without('')).toMatchObject(INVALID_REQUEST);
      for (const bad of ['A'.repeat(42), 'A'.repeat(129), `${'A'.repeat(43)}!`, `${'A'.repeat(43)}ü`]) {
        const fresh = await codeFor(rig, rig.am, { party });
        expect(await redeem(rig, rig.am, { party, ...fresh, form: { code_verifier: bad } })).toMatchObject(
          INVALID_GRANT,
        );
      }
    });

    test('T2 a code whose challenge is gone is not redeemed without proof', async () => {
      const { code, verifier } = await codeFor(rig, rig.am, { party });
      await rig.pool.query('update oauth_code set code_challenge = null where client_id = $1', [party.id]);
      expect(await redeem(rig, rig.am, { party, code, verifier })).toMatchObject(INVALID_GRANT);
      expect(await redeem(rig, rig.am, { party, code, verifier, form: { code_verifier: undefined } })).toMatchObject(
        INVALID_REQUEST,
      );
    });

    test('T10 a redirect_uri that is sent must be the request’s own', async () => {
      const { code, verifier } = await codeFor(rig, rig.am, { party });
      const form = { redirect_uri: 'https://app.example/cb/' };
      expect(await redeem(rig, rig.am, { party, code, verifier, form })).toMatchObject(INVALID_GRANT);
      expect(
        await redeem(rig, rig.am, { party, code, verifier, form: { redirect_uri: party.redirectUri } }),
      ).toMatchObject({ status: 200 });
    });

    test('T11 a duplicate parameter is refused, whichever it is', async () => {
      const { code, verifier } = await codeFor(rig, rig.am, { party });
      const body = encodeForm({
        ...(await identification(rig, rig.am, party)),
        grant_type: 'authorization_code',
        code,
        code_verifier: verifier,
      });
      for (const name of ['code', 'client_id', 'grant_type', 'unknown', 'resource', 'c%6Fde']) {
        const headers = {
          'content-type': 'application/x-www-form-urlencoded',
          dpop: await proof(rig, rig.am, party.dpop ?? someKey()),
        };
        const answer = await send(rig.am.ports[0], {
          method: 'POST',
          path: '/token',
          headers,
          body: `${body}&${name}=x&${name}=y`,
        });
        expect(answer).toMatchObject(INVALID_REQUEST);
      }
      expect(await redeem(rig, rig.am, { party, code, verifier })).toMatchObject({ status: 200 });
    });

    test('T13 a grant type that the server or the client does not have is refused', async () => {
      for (const grant_type of [
        'password',
        'implicit',
        'client_credentials',
        'urn:ietf:params:oauth:grant-type:token-exchange',
        'constructor',
      ]) {
        expect(await call(rig, rig.am, { party, form: { grant_type } })).toMatchObject({
          status: 400,
          json: { error: 'unsupported_grant_type' },
        });
      }
      expect(await call(rig, rig.am, { party })).toMatchObject(INVALID_REQUEST);
      const codesOnly = await registered(rig, { grant_types: ['authorization_code'] });
      const { refreshToken } = await connected(rig, rig.am, { party: codesOnly });
      const unauthorized = { status: 400, json: { error: 'unauthorized_client' } };
      expect(await refreshed(rig, rig.am, { party: codesOnly, refreshToken })).toMatchObject(unauthorized);
      const refreshOnly = await registered(rig, { grant_types: ['refresh_token'] });
      expect(await push(rig, rig.am, { party: refreshOnly })).toMatchObject(unauthorized);
      expect(
        await call(rig, rig.am, { party: refreshOnly, form: { grant_type: 'authorization_code', code: 'x' } }),
      ).toMatchObject(unauthorized);
    });

    test('the code’s key is the request’s for good: no proof, or one by another key, gets nothing', async () => {
      const granted = await codeFor(rig, rig.am, { party });
      expect(await redeem(rig, rig.am, { party, ...granted, dpop: [] })).toMatchObject({
        status: 400,
        json: { error: 'invalid_dpop_proof' },
      });
      const other = await proof(rig, rig.am, someKey());
      expect(await redeem(rig, rig.am, { party, ...granted, dpop: [other] })).toMatchObject(INVALID_GRANT);
      expect(await redeem(rig, rig.am, { party, ...granted })).toMatchObject({ status: 200 });
    });

    test('the key may be proved on the pushed request instead of named, or both if they agree', async () => {
      const key = party.dpop ?? someKey();
      const verifier = createVerifier();
      const dpop = async (): Promise<string[]> => [await proof(rig, rig.am, key, '/par')];
      const requestUri = await pushed(rig, rig.am, {
        party,
        verifier,
        form: { dpop_jkt: undefined },
        dpop: await dpop(),
      });
      expect(requestUri).toContain('cha_ru_');
      const { rows } = await rig.pool.query(
        'select jkt from oauth_request where client_id = $1 order by created_at desc limit 1',
        [party.id],
      );
      expect(rows).toEqual([{ jkt: key.kid }]);
      const differing = await push(rig, rig.am, { party, form: { dpop_jkt: someKey().kid }, dpop: await dpop() });
      expect(differing).toMatchObject(INVALID_REQUEST);
    });

    test('T14 10 KB in any field is refused before anything is looked up', async () => {
      const form = {
        grant_type: 'authorization_code',
        code: 'x',
        code_verifier: 'x',
        redirect_uri: 'x',
        client_id: party.id,
        refresh_token: 'x',
        scope: 'x',
      };
      for (const name of Object.keys(form)) {
        const answer = await postForm(rig.am.ports[0], '/token', { ...form, [name]: 'a'.repeat(10_000) });
        expect(answer).toMatchObject(INVALID_REQUEST);
      }
    });
  });
}
