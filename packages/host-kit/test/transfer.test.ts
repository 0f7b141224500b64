import type { Pool } from 'pg';
import { createDpopProof, randomId, signJwt } from '@chatelaine/crypto';
import { afterAll, describe, expect, test } from '@jest/globals';
import { type Answer, clock } from '@chatelaine/test-kit';
import { expectBadToken } from './support/expect-refused.ts';
import { requesterKey, type TransferInput } from './support/test-am.ts';
import { createLinkedWorld } from './support/world.ts';

const { world, host, link } = await createLinkedWorld();
afterAll(() => world.close());

const now = (): number => Math.floor(Date.now() / 1000);
const transfer = (input: Partial<TransferInput> = {}): Promise<Answer> => world.am.transfer(host, { link, ...input });

describe('the answer of a transfer', () => {
  test('has these eight members and no other', async () => {
    const answer = await transfer();
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json).toEqual({
      access_token: expect.stringMatching(/^cha_at_[A-Za-z0-9_-]{46}$/),
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'DPoP',
      expires_in: expect.any(Number),
      scope: 'entries.read',
      resource: `${host.issuer}/api`,
      cnf: { jkt: requesterKey.kid },
      iss: host.issuer,
    });
    expect(answer.json['expires_in']).toBeGreaterThan(290);
    expect(answer.json['expires_in']).toBeLessThanOrEqual(300);
  });

  test('may be asked for with audience and requested_token_type spelled out', async () => {
    const form = { audience: host.issuer, requested_token_type: 'urn:ietf:params:oauth:token-type:access_token' };
    expect((await transfer({ form })).status).toBe(200);
  });

  test('is a token for the Requester’s key, not for the AM’s', async () => {
    const token = await world.am.token(host, { link });
    expect((await host.call(token)).json).toEqual({
      access: {
        owner: 'alice',
        scope: ['entries.read'],
        requester: { id: 'https://feed.example/client.json', name: 'Feed' },
        am: world.am.issuer,
        issuedAt: expect.any(Number),
      },
    });
    expect((await host.call(token, { key: world.am.key })).status).toBe(401);
    expect((await host.call(token, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
  });
});

describe('the subject token', () => {
  test('must be there and be a link token that is alive; nothing tells the reasons apart', async () => {
    const unknown = `cha_lt_${'A'.repeat(46)}`;
    for (const subject of ['', 'garbage', unknown, link.accessToken.slice(0, -1), `${link.accessToken}x`]) {
      expectBadToken(await transfer({ link: { accessToken: subject } }));
    }
    expectBadToken(await transfer({ form: { subject_token: undefined } }));
  });

  test('is never a refresh token, a Host token, an assertion or a statement', async () => {
    const token = await world.am.token(host, { link });
    const statement = await world.am.statement(host, { link });
    const { client_assertion: assertion = '' } = await world.am.authentication(host);
    for (const subject of [link.refreshToken, token, statement, assertion])
      expectBadToken(await transfer({ link: { accessToken: subject } }));
  });

  test('of one AM’s link is worth nothing to another AM, and still works for its own', async () => {
    expectBadToken(await world.otherAm.transfer(host, { link }));
    expect((await transfer()).status).toBe(200);
  });

  test('does not replace the AM’s own authentication', async () => {
    const none = await transfer({
      form: { client_assertion: undefined, client_assertion_type: undefined, client_id: world.am.clientId(host) },
    });
    expect([none.status, none.json['error']]).toEqual([401, 'invalid_client']);
    const clientId = world.am.clientId(host);
    const claims = { iss: clientId, sub: clientId, aud: host.issuer, iat: now(), exp: now() + 60, jti: randomId() };
    const stranger = await signJwt({ typ: 'client-authentication+jwt', claims, key: requesterKey });
    const answer = await transfer({ form: { client_assertion: stranger } });
    expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_client']);
  });
});

describe('the form', () => {
  test.each([
    ['without subject_token_type', { subject_token_type: undefined }, 'invalid_request'],
    [
      'with another subject_token_type',
      { subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
      'invalid_request',
    ],
    ['without actor_token', { actor_token: undefined, actor_token_type: undefined }, 'invalid_request'],
    ['without actor_token_type', { actor_token_type: undefined }, 'invalid_request'],
    [
      'with another actor_token_type',
      { actor_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
      'invalid_request',
    ],
    [
      'that wants another token type',
      { requested_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
      'invalid_request',
    ],
    ['without resource', { resource: undefined }, 'invalid_request'],
    ['without scope', { scope: undefined }, 'invalid_request'],
    ['with an empty scope, which counts as none (RFC 6749 §3.2)', { scope: '' }, 'invalid_request'],
    ['with a scope that is not one', { scope: 'entries.read  "x"' }, 'invalid_scope'],
    ['with another audience', { audience: 'https://other.example' }, 'invalid_target'],
    ['for an unknown grant', { grant_type: 'password' }, 'unsupported_grant_type'],
  ])('%s is refused', async (_name, form, error) => {
    const answer = await transfer({ form });
    expect([answer.status, answer.json['error']]).toEqual([400, error]);
  });

  test('with a DPoP header is refused, a good proof too', async () => {
    const proof = await createDpopProof({ key: requesterKey, htm: 'POST', htu: `${host.issuer}/token`, clock });
    const answer = await transfer({ headers: { dpop: proof } });
    expect([answer.status, answer.json['error']]).toEqual([400, 'invalid_request']);
    expect((await transfer({ headers: { dpop: 'garbage' } })).status).toBe(400);
  });

  test('for a resource that is not this Host’s is refused after the tokens were found good', async () => {
    for (const resource of [
      'https://other.example/api',
      `${host.issuer}/api/`,
      `${host.issuer}/API`,
      host.issuer,
      'api',
    ]) {
      const answer = await transfer({ claims: { resource }, form: { resource } });
      expect([answer.status, answer.json['error']]).toEqual([400, 'invalid_target']);
    }
  });

  test('for a scope beyond the ceiling, or none of the Host’s, is refused', async () => {
    const narrow = await world.am.link(host, { tick: ['entries.read'] });
    for (const scope of ['entries.write', 'entries.read entries.write', 'transfer', 'ENTRIES.READ', 'entries.delete']) {
      const answer = await world.am.transfer(host, { link: narrow, scope });
      expect([answer.status, answer.json['error']]).toEqual([400, 'invalid_scope']);
    }
    expect((await world.am.transfer(host, { link: narrow })).json['scope']).toBe('entries.read');
  });
});

describe('the Host’s own checks', () => {
  test('decide whether the link is read before the mint, and change no other refusal', async () => {
    const sent: unknown[] = [];
    const onPool = (pool: Pool): void => {
      const query = pool.query.bind(pool) as (...args: unknown[]) => unknown;
      Object.assign(pool, {
        query: (...args: unknown[]) => {
          sent.push((args[0] as { name?: unknown }).name);
          return query(...args);
        },
      });
    };
    const [asked, unasked] = [
      await world.host({ options: { checks: () => null }, onPool }),
      await world.host({ onPool }),
    ];
    const refusals = async (at: typeof host): Promise<unknown> => {
      const own = await world.am.link(at);
      const unknown = { accessToken: `cha_lt_${'A'.repeat(46)}` };
      const elsewhere = { resource: `${at.issuer}/elsewhere` };
      const answers = [
        await world.am.transfer(at, { link: unknown }),
        await world.am.transfer(at, { link: unknown, claims: elsewhere, form: elsewhere }),
        await world.am.transfer(at, { link: own, claims: elsewhere, form: elsewhere }),
        await world.am.transfer(at, { link: own, scope: 'entries.nowhere' }),
        await world.otherAm.transfer(at, { link: own }),
      ];
      sent.length = 0;
      expect((await world.am.transfer(at, { link: own })).status).toBe(200);
      return answers.map(({ status, json }) => [status, json]);
    };
    const seen = [await refusals(asked), [...sent], await refusals(unasked), [...sent]];
    expect(seen[2]).toEqual(seen[0]);
    expect(seen[0]).toEqual(
      ['invalid_request', 'invalid_request', 'invalid_target', 'invalid_scope', 'invalid_request'].map((error) => [
        400,
        expect.objectContaining({ error }),
      ]),
    );
    expect([seen[1], seen[3]]).toEqual([['oauth_find_token', 'oauth_mint_transfer'], ['oauth_mint_transfer']]);
  });

  test('have the last word: access_denied by the host, with its sentence, not to be asked again', async () => {
    const seen: unknown[] = [];
    const strict = await world.host({
      options: {
        checks: (attempt) => {
          seen.push(attempt);
          return attempt.requester.id.includes('blocked')
            ? { denied: true, sentence: 'This app is blocked here.' }
            : null;
        },
      },
    });
    const strictLink = await world.am.link(strict);
    const answer = await world.am.transfer(strict, { link: strictLink, claims: { sub: 'https://blocked.example/' } });
    expect([answer.status, answer.json]).toEqual([
      400,
      { error: 'access_denied', error_description: 'This app is blocked here.', denied_by: 'host', requestable: false },
    ]);
    expect((await world.am.transfer(strict, { link: strictLink })).status).toBe(200);
    expect(seen[0]).toEqual({
      owner: 'alice',
      am: world.am.issuer,
      requester: { id: 'https://blocked.example/', name: 'Feed', uri: null },
      scope: ['entries.read'],
      resource: `${strict.issuer}/api`,
      bearer: false,
    });
  });

  test('that fail mint nothing: 503, try again', async () => {
    const broken = await world.host({
      options: { checks: () => Promise.reject(new Error('policy database is down')) },
    });
    const answer = await world.am.transfer(broken, { link: await world.am.link(broken) });
    expect([answer.status, answer.json['error']]).toEqual([503, 'temporarily_unavailable']);
    expect(answer.headers['retry-after']).toBe('5');
    expect(answer.text).not.toContain('policy database');
  });
});

describe('bearer tokens', () => {
  test('exist only where the Host allows them, when asked for outright, and briefly', async () => {
    const loose = await world.host({ options: { bearer: true } });
    const looseLink = await world.am.link(loose);
    const answer = await world.am.transfer(loose, { link: looseLink, claims: { cnf: undefined, bearer: true } });
    expect(answer.json).toMatchObject({ token_type: 'Bearer' });
    expect(answer.json).not.toHaveProperty('cnf');
    expect(answer.json['expires_in']).toBeLessThanOrEqual(120);
    expectBadToken(await world.am.transfer(loose, { link: looseLink, claims: { cnf: undefined } }));
    const token = String(answer.json['access_token']);
    expect((await loose.call(token, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    // a bearer token under the DPoP scheme would look bound
    expect((await loose.call(token)).json['error']).toBe('invalid_token');
    const bound = await world.am.token(loose, { link: looseLink });
    expect((await loose.call(bound, { headers: { authorization: `Bearer ${bound}` } })).status).toBe(401);
  });
});
