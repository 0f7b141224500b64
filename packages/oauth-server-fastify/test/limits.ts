import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generateSigningKey } from '@chatelaine/crypto';
import type { Embedded } from '@chatelaine/dev-postgres';
import { expectOAuthError } from './answers.ts';
import { call, documented, type Party, REDIRECT_URI, registered } from './clients.ts';
import { connected, refreshed } from './flow.ts';
import { type Answer, encodeForm, postForm, postJson, send } from '@chatelaine/test-kit';
import { NO_LIMITS, type Rig, startRig } from './rig.ts';

/** What a page of another site makes a browser send: a guess. */
function byPage({ am }: Rig, path: string, headers: Record<string, string>): Promise<Answer> {
  const body = encodeForm({ client_id: 'nobody', grant_type: 'refresh_token', refresh_token: 'x' });
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  return send(am.ports[0], { method: 'POST', path, headers: { ...form, ...headers }, body });
}

/** How much a stranger may try. */
export function limits(server: () => Embedded): void {
  describe('limits', () => {
    describe('of refusals', () => {
      let rig: Rig;
      let party: Party;
      beforeAll(async () => {
        rig = await startRig(server(), { ...NO_LIMITS, refusals: { name: 'refusal', points: 10, perSeconds: 60 } });
        party = await registered(rig);
      });
      afterAll(() => rig.stop());

      test('clients that prove who they are are not limited by refusals: one cannot shut out its server', async () => {
        const other = documented(rig, rig.am);
        const secret = `cha_rt_${'A'.repeat(46)}`;
        for (const [side, keyed] of [
          [rig.am, other],
          [rig.host, documented(rig, rig.host)],
        ] as const) {
          const { refreshToken } = await connected(rig, side, { party: keyed });
          const codes = { grant_type: 'authorization_code', code: `cha_ac_${'A'.repeat(46)}` };
          for (let i = 0; i < 12; i += 1) {
            const form = i % 2 === 0 ? { grant_type: 'refresh_token', refresh_token: secret } : codes;
            expectOAuthError(await call(rig, side, { party: keyed, form }), 400, 'invalid_grant');
          }
          expect((await refreshed(rig, side, { party: keyed, refreshToken })).status).toBe(200);
        }
        // who does not is counted all the same
        const form = { grant_type: 'refresh_token', refresh_token: secret };
        const claimed = await call(rig, rig.am, { party: { ...other, key: generateSigningKey() }, form });
        expectOAuthError(claimed, 401, 'invalid_client');
        const { rows } = await rig.pool.query(
          `delete from oauth_rate_limit where key like 'refusal:%' returning points`,
        );
        expect(rows).toEqual([{ points: 1 }]);
      });

      test('a page of another site gets only such pages refused, not the network of its visitors', async () => {
        const { refreshToken } = await connected(rig, rig.am, { party });
        const origin = 'https://evil.example';
        for (const headers of [
          { origin },
          { origin, 'sec-fetch-site': 'cross-site' },
          { 'sec-fetch-site': 'same-site' },
          { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
        ]) {
          const statuses = [];
          for (let i = 0; i < 12; i += 1) statuses.push((await byPage(rig, '/token', headers)).status);
          expect(statuses.at(-1)).toBe(429);
        }
        // who signs in here from there is counted, and refused, by itself
        expect((await byPage(rig, '/token', {})).status).toBe(401);
        expect((await byPage(rig, '/token', { 'sec-fetch-site': 'same-origin' })).status).toBe(401);
        expect((await refreshed(rig, rig.am, { party, refreshToken })).status).toBe(200);
        await rig.pool.query(`delete from oauth_rate_limit`);
      });

      test('L9 a source that keeps being refused gets 429 and Retry-After, at every replica and endpoint', async () => {
        const { refreshToken } = await connected(rig, rig.am, { party });
        const guess = (replica: 0 | 1): Promise<Answer> =>
          call(rig, rig.am, {
            party,
            replica,
            form: { grant_type: 'refresh_token', refresh_token: `cha_rt_${'A'.repeat(46)}` },
          });
        const statuses = [];
        for (let i = 0; i < 12; i += 1) statuses.push((await guess(0)).status);
        expect(statuses).toEqual([...Array<number>(11).fill(400), 429]);
        // the count is shared; each replica finds out by its own next refusal
        expect([(await guess(1)).status, (await guess(1)).status]).toEqual([400, 429]);
        for (const path of ['/token', '/par', '/revoke', '/introspect']) {
          const answer = await postForm(rig.am.ports[1], path, { client_id: party.id });
          expectOAuthError(answer, 429, 'temporarily_unavailable');
          // programs in a browser's page, too, can read when to come back
          expect(answer.headers['access-control-allow-origin']).toBe('*');
          expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
          expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60);
        }
        // no guess is weighed any more, right or wrong
        expect((await refreshed(rig, rig.am, { party, refreshToken })).status).toBe(429);
        expect(await rig.isAlive(refreshToken)).toBe(true);
      });

      test('what is no secret to guess stays open: metadata, registration, the authorization endpoint', async () => {
        expect((await send(rig.am.ports[0], { path: '/.well-known/oauth-authorization-server' })).status).toBe(200);
        expect((await postJson(rig.am.ports[0], '/register', { redirect_uris: [REDIRECT_URI] })).status).toBe(201);
        expect((await send(rig.am.ports[0], { path: '/authorize' })).status).toBe(400);
      });
    });

    describe('of registrations and of documents', () => {
      let rig: Rig;
      beforeAll(async () => {
        rig = await startRig(server(), {
          ...NO_LIMITS,
          registration: { name: 'register', points: 5, perSeconds: 3600 },
          documents: { name: 'document', points: 5, perSeconds: 60 },
        });
      });
      afterAll(() => rig.stop());

      test('what pages of other sites cause is counted apart, and once more from browsers sent here', async () => {
        const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
        const register = () => postJson(rig.am.ports[0], '/register', { redirect_uris: [REDIRECT_URI] }, headers);
        for (let i = 0; i < 5; i += 1) expect((await register()).status).toBe(201);
        expect((await register()).status).toBe(429);
        const embedded = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
        const sent = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
        const arrive = (n: number, given: Record<string, string>) =>
          send(rig.am.ports[0], {
            path: `/authorize?${encodeForm({ client_id: `https://evil.example/${n}` })}`,
            headers: given,
          });
        for (let n = 0; n < 5; n += 1) expect((await arrive(n, embedded)).status).toBe(400);
        expect((await arrive(5, embedded)).status).toBe(429);
        expect((await arrive(6, sent)).status).toBe(400);
        await rig.pool.query('delete from oauth_client');
        rig.fetched.length = 0;
      });

      test('so many clients register in an hour in all, whoever they are, and of one network', async () => {
        for (const over of [
          { registrationOfNetwork: { name: 'register-network', points: 2, perSeconds: 3600 } },
          { registrationInAll: { name: 'register-all', points: 2, perSeconds: 3600 } },
        ]) {
          const strict = await startRig(server(), { ...NO_LIMITS, ...over });
          const statuses = [];
          for (let i = 0; i < 3; i += 1)
            statuses.push((await postJson(strict.am.ports[0], '/register', { redirect_uris: [REDIRECT_URI] })).status);
          await strict.stop();
          expect(statuses).toEqual([201, 201, 429]);
        }
      });

      test('R10 a source registers so many clients an hour, refused ones and both replicas counted', async () => {
        const register = (replica: 0 | 1, redirect_uris: string[] = [REDIRECT_URI]): Promise<Answer> =>
          postJson(rig.am.ports[replica], '/register', { redirect_uris });
        const statuses = [];
        for (let i = 0; i < 5; i += 1)
          statuses.push((await register(i % 2 === 0 ? 0 : 1, i === 4 ? [] : [REDIRECT_URI])).status);
        expect(statuses).toEqual([201, 201, 201, 201, 400]);
        for (const replica of [0, 1] as const) {
          const answer = await register(replica);
          expectOAuthError(answer, 429, 'temporarily_unavailable');
          expect(Number(answer.headers['retry-after'])).toBeGreaterThan(3000);
        }
        const { rows } = await rig.pool.query('select from oauth_client');
        expect(rows).toHaveLength(4);
      });

      test('M16 a source makes this server fetch so many documents a minute, whether they exist or not', async () => {
        const at = (side: Rig['am'], client_id: string): Promise<Answer> =>
          send(side.ports[0], { path: `/authorize?${encodeForm({ client_id, response_type: 'code' })}` });
        const known = documented(rig, rig.am);
        expect((await at(rig.am, known.id)).status).toBe(303);
        for (let i = 0; i < 4; i += 1) expect((await at(rig.am, `https://nobody.example/${i}`)).status).toBe(400);
        const refused = await at(rig.am, documented(rig, rig.am).id);
        expect(refused).toMatchObject({
          status: 429,
          headers: { 'content-type': 'text/html', 'retry-after': expect.any(String) },
        });
        expectOAuthError(
          await call(rig, rig.host, { party: documented(rig, rig.host), path: '/par' }),
          429,
          'temporarily_unavailable',
        );
        expect(rig.fetched).toHaveLength(5);
        // what is known already is served on, also when it is due to be read anew: or its own server could be shut out
        // by what it is made to name
        expect((await at(rig.am, known.id)).status).toBe(303);
        await rig.pool.query(
          `update oauth_document set fetched_at = fetched_at - interval '1 hour', fresh_until = now()`,
        );
        rig.clock.skew = 3600;
        expect((await at(rig.am, known.id)).status).toBe(303);
        expect(rig.fetched).toHaveLength(5);
      });
    });
  });
}
