import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Embedded } from '@chatelaine/dev-postgres';
import { call, documented, proof, REDIRECT_URI, registered } from './clients.ts';
import { authorizePath, Browser, codeFor, connected, hidden, pushed, redeem, refreshed, requestOf } from './flow.ts';
import { expectOAuthError } from './answers.ts';
import { type Answer, postJson, send } from '@chatelaine/test-kit';
import type { Rig } from './rig.ts';

/** The database as an attacker: it is not there, or comes back from a crash. Ends with a database that works. */
export function databaseFaults(rigOf: () => Rig, server: () => Embedded): void {
  describe('when the database is down', () => {
    let rig: Rig;
    beforeAll(() => {
      rig = rigOf();
    });

    test('B1 V5 every endpoint says 503 and when to try again; what was acknowledged is there afterwards', async () => {
      const connection = await connected(rig, rig.am);
      const link = await connected(rig, rig.host);
      const { party } = connection;
      const revoked = await connected(rig, rig.host);
      const revoke = (token: string): Promise<Answer> =>
        call(rig, rig.host, { party: link.party, path: '/revoke', form: { token } });
      expect(
        (await call(rig, rig.host, { party: revoked.party, path: '/revoke', form: { token: revoked.refreshToken } }))
          .status,
      ).toBe(200);
      const granted = await codeFor(rig, rig.am, { party });
      const used = await codeFor(rig, rig.am, { party });
      const usedAnswer = await redeem(rig, rig.am, { party, ...used });
      const browser = new Browser(rig.am);
      const requestUri = await pushed(rig, rig.am, { party });
      const page = await browser.get(authorizePath({ client_id: party.id, request_uri: requestUri }));

      await server().crash();
      const answers = {
        code: await redeem(rig, rig.am, { party, ...granted }),
        refresh: await refreshed(rig, rig.host, link),
        par: await call(rig, rig.am, { party, path: '/par', form: requestOf(rig.am, party) }),
        revoke: await revoke(link.refreshToken),
        'revoke (transfer grant)': await call(rig, rig.host, {
          party: link.party,
          path: '/revoke',
          form: { token: 'A'.repeat(22), token_type_hint: 'transfer_grant' },
        }),
        'revoke (unknown)': await revoke('x'),
        introspect: await call(rig, rig.host, {
          party: link.party,
          path: '/introspect',
          form: { token: link.accessToken },
        }),
        register: await postJson(rig.am.ports[0], '/register', { redirect_uris: [REDIRECT_URI] }),
        registration: await send(rig.am.ports[1], {
          path: `/register/${party.id}`,
          headers: { authorization: `Bearer ${party.registrationToken}` },
        }),
        authorize: await browser.get(authorizePath({ client_id: party.id, request_uri: requestUri })),
        consent: await browser.post('/authorize', { ...hidden(page), decision: 'allow' }),
        'unknown client': await call(rig, rig.host, {
          party: documented(rig, rig.host),
          form: { grant_type: 'refresh_token', refresh_token: 'x' },
        }),
      };
      for (const [name, answer] of Object.entries(answers)) {
        expect({ name, status: answer.status, wait: Number(answer.headers['retry-after']) > 0 }).toEqual({
          name,
          status: 503,
          wait: true,
        });
        expectOAuthError(answer, 503, 'temporarily_unavailable');
      }
      // what is public needs no database
      expect((await send(rig.am.ports[0], { path: '/.well-known/oauth-authorization-server' })).status).toBe(200);

      await server().restart();
      // V6, I1: without a restart of this process
      expect(await rig.isAlive(revoked.refreshToken)).toBe(false);
      expect(await rig.isAlive(link.refreshToken)).toBe(true);
      expect(await rig.isAlive(String(usedAnswer.json['access_token']))).toBe(true);
      expect((await redeem(rig, rig.am, { party, ...used })).status).toBe(400);
      expect(await rig.isAlive(String(usedAnswer.json['access_token']))).toBe(false);
      expect(await redeem(rig, rig.am, { party, ...granted })).toMatchObject({ status: 200 });
      expect((await browser.post('/authorize', { ...hidden(page), decision: 'allow' })).onward).toContain('code=');
    });

    test('V5 a revocation that fails half way is 503 and has ended nothing', async () => {
      const link = await connected(rig, rig.host);
      await rig.pool.query(
        `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'made to fail'
          using errcode = '53100'; end $$`,
      );
      await rig.pool.query('create trigger refuse before update on oauth_grant for each row execute function refuse()');
      const answer = await call(rig, rig.host, {
        party: link.party,
        path: '/revoke',
        form: { token: link.refreshToken },
      });
      expectOAuthError(answer, 503, 'temporarily_unavailable');
      expect(await rig.isAlive(link.refreshToken)).toBe(true);
      await rig.pool.query('drop trigger refuse on oauth_grant');
      expect(
        (await call(rig, rig.host, { party: link.party, path: '/revoke', form: { token: link.refreshToken } })).status,
      ).toBe(200);
      expect(await rig.isAlive(link.refreshToken)).toBe(false);
    });

    test('D5 a proof used before a crash of the database is refused after it', async () => {
      const party = await registered(rig);
      const { refreshToken } = await connected(rig, rig.am, { party });
      if (party.dpop === null) throw new Error('a bound client');
      const used = await proof(rig, rig.am, party.dpop);
      expect(await refreshed(rig, rig.am, { party, refreshToken, dpop: [used] })).toMatchObject({ status: 200 });
      await server().crash();
      await server().restart();
      expect(await refreshed(rig, rig.am, { party, refreshToken, dpop: [used], replica: 1 })).toMatchObject({
        status: 400,
        json: { error: 'invalid_dpop_proof' },
      });
    });
  });
}
