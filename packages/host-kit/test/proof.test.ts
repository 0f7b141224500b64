import { createDpopProof, generateSigningKey, sha256base64url, signJwt } from '@chatelaine/crypto';
import { afterAll, describe, expect, test } from '@jest/globals';
import { type Answer, send, clock } from '@chatelaine/test-kit';
import { expectRefusedBy } from './support/expect-refused.ts';
import { requesterKey } from './support/test-am.ts';
import { createLinkedWorld } from './support/world.ts';

const { world, host, link } = await createLinkedWorld();
const token = await world.am.token(host, { link });
afterAll(() => world.close());

const expectRefused = (answer: Answer, status: number, error: string): void =>
  expectRefusedBy(host, answer, status, error);

describe('the proof', () => {
  const proofWith = async (input: {
    claims?: Record<string, unknown>;
    header?: Record<string, unknown>;
    htu?: string;
    accessToken?: string;
    at?: number;
  }): Promise<string> => {
    const made = await createDpopProof({
      key: requesterKey,
      htm: 'GET',
      htu: input.htu ?? `${host.issuer}/api/entries`,
      accessToken: input.accessToken ?? token,
      clock: { now: () => clock.now() + (input.at ?? 0) },
    });
    return made;
  };

  test('is needed, once', async () => {
    const none = await send(host.port, { path: '/api/entries', headers: { authorization: `DPoP ${token}` } });
    expectRefused(none, 401, 'invalid_dpop_proof');
    const two = await host.call(token, { headers: { dpop: [await host.proof(token), await host.proof(token)] } });
    expectRefused(two, 401, 'invalid_dpop_proof');
    const joined = await host.call(token, {
      headers: { dpop: `${await host.proof(token)}, ${await host.proof(token)}` },
    });
    expectRefused(joined, 401, 'invalid_dpop_proof');
  });

  test('by another key, or for another token, makes the token worthless', async () => {
    expectRefused(await host.call(token, { key: generateSigningKey() }), 401, 'invalid_token');
    const other = await world.am.token(host, { link });
    expectRefused(await host.call(token, { proof: await host.proof(other) }), 401, 'invalid_token');
    const proof = await createDpopProof({ key: requesterKey, htm: 'GET', htu: `${host.issuer}/api/entries`, clock });
    expectRefused(await host.call(token, { proof }), 401, 'invalid_token');
  });

  test('for another place is refused, whatever the Host header says', async () => {
    for (const htu of [
      `${host.issuer}/token`,
      `${host.issuer}/api/entries/1`,
      'http://calendar.localhost/api/entries',
      `http://127.0.0.1:${host.port}/api/entries`,
    ]) {
      expectRefused(await host.call(token, { proof: await proofWith({ htu }) }), 401, 'invalid_dpop_proof');
    }
    const proof = await proofWith({ htu: 'http://evil.localhost/api/entries' });
    const headers = { host: 'evil.localhost', 'x-forwarded-host': 'evil.localhost', forwarded: 'host=evil.localhost' };
    expectRefused(await host.call(token, { proof, headers }), 401, 'invalid_dpop_proof');
    expect((await host.call(token, { headers })).status).toBe(200);
  });

  test('must be of this minute: +10 s is well, a minute and more either way is not', async () => {
    expect((await host.call(token, { proof: await proofWith({ at: 10 }) })).status).toBe(200);
    expectRefused(await host.call(token, { proof: await proofWith({ at: 65 }) }), 401, 'invalid_dpop_proof');
    expectRefused(await host.call(token, { proof: await proofWith({ at: -65 }) }), 401, 'invalid_dpop_proof');
  });

  test('of another type, or without what must be in it, is refused', async () => {
    const claims = {
      jti: 'j',
      htm: 'GET',
      htu: `${host.issuer}/api/entries`,
      iat: Math.floor(clock.now()),
      ath: sha256base64url(token),
    };
    // signJwt sets a kid and no jwk, so this is no DPoP proof
    expectRefused(
      await host.call(token, { proof: await signJwt({ typ: 'dpop+jwt', claims, key: requesterKey }) }),
      401,
      'invalid_dpop_proof',
    );
    expectRefused(
      await host.call(token, { proof: await world.am.statement(host, { link }) }),
      401,
      'invalid_dpop_proof',
    );
    expectRefused(await host.call(token, { proof: 'garbage' }), 401, 'invalid_dpop_proof');
    expectRefused(await host.call(token, { proof: '' }), 401, 'invalid_dpop_proof');
  });

  test('is used up by one request, on every process of the Host', async () => {
    const replica = await world.replica(host);
    const proof = await host.proof(token);
    expect((await host.call(token, { proof })).status).toBe(200);
    expectRefused(await host.call(token, { proof }), 401, 'invalid_dpop_proof');
    expectRefused(await replica.call(token, { proof }), 401, 'invalid_dpop_proof');
  });

  test('sent many times at once, over two processes, passes once', async () => {
    const replica = await world.replica(host);
    for (let round = 0; round < 3; round += 1) {
      const proof = await host.proof(token);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? host : replica).call(token, { proof })),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    }
  });

  test('made before the memory of used ones began is answered 503, and when to come back: ADR 0023', async () => {
    await host.pool.query('delete from oauth_proof');
    for (const _again of [1, 2]) {
      const answer = await host.call(token);
      expect([answer.status, answer.json['error'], answer.headers['retry-after']]).toEqual([
        503,
        'temporarily_unavailable',
        '10',
      ]);
    }
    // as if that many seconds had passed
    await host.pool.query(
      `update oauth_proof set began_at = began_at - interval '10 seconds' where began_at is not null`,
    );
    expect((await host.call(token, { proof: await proofWith({ at: 1 }) })).status).toBe(200);
    await host.pool.query(`update oauth_proof set began_at = began_at - interval '1 hour' where began_at is not null`);
  });

  test('is spent by a request that lacks the scope, too', async () => {
    const proof = await host.proof(token, { method: 'POST' });
    expect((await host.call(token, { method: 'POST', proof })).status).toBe(403);
    expectRefused(await host.call(token, { method: 'POST', proof }), 401, 'invalid_dpop_proof');
  });
});
