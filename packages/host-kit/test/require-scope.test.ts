import { sha256base64url } from '@chatelaine/crypto';
import { afterAll, describe, expect, test } from '@jest/globals';
import { type Answer, send } from '@chatelaine/test-kit';
import { expectRefusedBy } from './support/expect-refused.ts';
import { createLinkedWorld } from './support/world.ts';

const { world, host, link } = await createLinkedWorld();
const token = await world.am.token(host, { link });
afterAll(() => world.close());

const expectRefused = (answer: Answer, status: number, error: string): void =>
  expectRefusedBy(host, answer, status, error);

describe('a good request', () => {
  test('passes, with query strings, with HEAD, and under any spelling of the scheme', async () => {
    expect((await host.call(token)).status).toBe(200);
    const proof = await host.proof(token);
    expect((await host.call(token, { path: '/api/entries?from=2026-01-01&x=%20', proof })).status).toBe(200);
    expect((await host.call(token, { method: 'HEAD' })).status).toBe(200);
    expect((await host.call(token, { headers: { authorization: `dpop ${token}` } })).status).toBe(200);
  });

  test('is bound to its method', async () => {
    expectRefused(
      await host.call(token, { proof: await host.proof(token, { method: 'HEAD' }) }),
      401,
      'invalid_dpop_proof',
    );
  });
});

describe('a request without a token', () => {
  test('learns where tokens come from, and nothing else', async () => {
    const answer = await send(host.port, { path: '/api/entries' });
    expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_token']);
    const resourceMetadata = `${host.issuer}/.well-known/oauth-protected-resource/api`;
    expect(answer.headers['www-authenticate']).toBe(
      `DPoP scope="entries.read", resource_metadata="${resourceMetadata}", algs="ES256 EdDSA Ed25519"`,
    );
  });

  test('is one that carries it in the query, the body or a cookie', async () => {
    const inQuery = await send(host.port, {
      path: `/api/entries?access_token=${token}`,
      headers: { dpop: await host.proof(token) },
    });
    expect(inQuery.status).toBe(401);
    const proof = await host.proof(token, { method: 'POST' });
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      dpop: proof,
      cookie: `access_token=${token}`,
    };
    expect(
      (await send(host.port, { method: 'POST', path: '/api/entries', headers, body: `access_token=${token}` })).status,
    ).toBe(401);
  });

  test('is one with other credentials', async () => {
    const answer = await send(host.port, { path: '/api/entries', headers: { authorization: 'Basic YTpi' } });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).not.toContain('error=');
  });
});

describe('the token', () => {
  test('of any other kind opens nothing', async () => {
    for (const other of [
      link.accessToken,
      link.refreshToken,
      `cha_ct_${'A'.repeat(46)}`,
      `cha_at_${'A'.repeat(46)}`,
      'garbage',
    ]) {
      expectRefused(await host.call(other), 401, 'invalid_token');
      expectRefused(await host.call(other, { headers: { authorization: `Bearer ${other}` } }), 401, 'invalid_token');
    }
  });

  test('of another Host on another database, or for another resource of the same one, opens nothing', async () => {
    const calendar = await world.host({ name: 'calendar' });
    expectRefused(
      await host.call(await world.am.token(calendar, { link: await world.am.link(calendar) })),
      401,
      'invalid_token',
    );
    await host.pool.query('update oauth_token set audience = $1 where hash = $2', [
      `${host.issuer}/other`,
      Buffer.from(sha256base64url(token), 'base64url'),
    ]);
    const answer = await host.call(token);
    await host.pool.query('update oauth_token set audience = $1 where hash = $2', [
      `${host.issuer}/api`,
      Buffer.from(sha256base64url(token), 'base64url'),
    ]);
    expectRefused(answer, 401, 'invalid_token');
  });

  test('that is bound is no bearer token', async () => {
    expectRefused(await host.call(token, { headers: { authorization: `Bearer ${token}` } }), 401, 'invalid_token');
  });

  test('without a scope is refused once, with all that is needed and what the token has (step-up)', async () => {
    const writer = await world.am.token(host, { link, scope: 'entries.write' });
    for (const [by, method, scope] of [
      [token, 'POST', 'entries.read entries.write'],
      [token, 'PUT', 'entries.read entries.write'],
      [writer, 'PUT', 'entries.write entries.read'],
      [writer, 'GET', 'entries.write entries.read'],
    ] as const) {
      const answer = await host.call(by, { method });
      expectRefused(answer, 403, 'insufficient_scope');
      expect(answer.headers['www-authenticate']).toContain(`scope="${scope}"`);
      expect(answer.json['scope']).toBe(scope);
    }
    expect((await host.call(writer, { method: 'POST' })).status).toBe(201);
    const both = await world.am.token(host, { link, scope: 'entries.read entries.write' });
    expect((await host.call(both, { method: 'PUT' })).status).toBe(200);
    const anonymous = await send(host.port, { method: 'PUT', path: '/api/entries' });
    expect(anonymous.headers['www-authenticate']).toContain('scope="entries.read entries.write"');
  });

  test('in two Authorization headers is refused', async () => {
    const answer = await host.call(token, { headers: { authorization: [`DPoP ${token}`, `DPoP ${token}`] } });
    expectRefused(answer, 400, 'invalid_request');
  });

  test('dies with its time', async () => {
    const short = await world.am.token(host, { link });
    expect((await host.call(short)).status).toBe(200);
    await host.pool.query('update oauth_token set expires_at = now() where hash = $1', [
      Buffer.from(sha256base64url(short), 'base64url'),
    ]);
    expectRefused(await host.call(short), 401, 'invalid_token');
  });
});

describe('for the developer', () => {
  test('a guard for a scope the Host does not have fails at start', () => {
    expect(() => host.app.chatelaine.requireScope('entries.delete')).toThrow(
      'not one of this Host’s scopes'.replace('’', "'"),
    );
  });

  test('who acts cannot be asked behind no guard', async () => {
    const answer = await send(host.port, { path: '/api/open' });
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('alice');
  });
});

test('a database that is away makes the guard say so, and let nothing through', async () => {
  const lonely = await world.host();
  const held = await world.am.token(lonely, { link: await world.am.link(lonely) });
  const query = lonely.pool.query.bind(lonely.pool);
  lonely.pool.query = (() =>
    Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))) as typeof query;
  const answer = await lonely.call(held);
  const minting = await world.am.transfer(lonely, { link });
  lonely.pool.query = query;
  expect([answer.status, answer.json['error'], answer.headers['retry-after']]).toEqual([
    503,
    'temporarily_unavailable',
    '2',
  ]);
  expect([minting.status, minting.json['error']]).toEqual([503, 'temporarily_unavailable']);
  expect((await lonely.call(held)).status).toBe(200);
});
