import { afterAll, expect, test } from '@jest/globals';
import { type Answer, PARAMETERS, send, type Sent } from '@chatelaine/test-kit';
import { createLinkedWorld } from './support/world.ts';

const { world, host, link } = await createLinkedWorld();
afterAll(() => world.close());

/** A small generator (mulberry32), so that a failing round can be run again by its seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const NASTY = [
  '',
  '%00',
  '%zz',
  '%ff%fe',
  '%ed%a0%80',
  '%F0%9F%92%A5',
  'a'.repeat(10_000),
  '..%2f..%2f',
  "'%20or%201=1--",
  '[]',
  '{}',
  'null',
  '-1',
  '1e400',
  '%0d%0aSet-Cookie:x=y',
  '__proto__',
  'constructor',
];
const NAMES = [...PARAMETERS, 'csrf', 'decision'];
const MACHINE = ['/token', '/par', '/revoke', '/introspect'];
const TYPES = [
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded;charset=utf-8',
  'application/json',
  'text/plain',
  'multipart/form-data; boundary=x',
  '',
];

function expectOAuthShaped(answer: Answer): void {
  expect(answer.status).toBeLessThan(500);
  if (answer.status < 400) return;
  expect(Object.keys(answer.json)).toEqual(expect.arrayContaining(['error', 'error_description']));
  expect(answer.headers['cache-control']).toBe('no-store');
}

async function round(seed: number): Promise<Answer> {
  const random = randomOf(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const good = new URLSearchParams({
    ...(await world.am.authentication(host)),
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: link.accessToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    actor_token: await world.am.statement(host, { link }),
    actor_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    resource: `${host.issuer}/api`,
    scope: 'entries.read',
  })
    .toString()
    .split('&');
  const pairs = random() < 0.7 ? good : [];
  for (let changes = 1 + Math.floor(random() * 4); changes > 0; changes -= 1) {
    const pair = `${pick(NAMES)}=${pick(NASTY)}`;
    const name = pair.slice(0, pair.indexOf('=') + 1);
    const at = pairs.findIndex((each) => each.startsWith(name));
    if (at >= 0 && random() < 0.8) pairs[at] = pair;
    else pairs.push(pair);
  }
  const headers: Record<string, string | string[]> = {
    'content-type': random() < 0.85 ? (TYPES[0] ?? '') : pick(TYPES),
  };
  if (random() < 0.2)
    headers['authorization'] = pick(['Basic x', 'Bearer', 'DPoP  ', `Bearer ${link.accessToken}`, 'x'.repeat(3000)]);
  if (random() < 0.2) headers['dpop'] = pick(['', 'a.b.c', 'eyJhbGciOiJub25lIn0..', ['a', 'b']]);
  return send(host.port, {
    method: random() < 0.9 ? 'POST' : pick(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']),
    path: pick(MACHINE),
    headers,
    body: pairs.join('&'),
  });
}

test.each([1, 2, 3, 4])(
  'whatever is sent to the endpoints for programs is answered in OAuth’s words and never with a 5xx (part %i)',
  async (part) => {
    for (let seed = part * 1000; seed < part * 1000 + 60; seed += 1) {
      const answer = await round(seed);
      try {
        expectOAuthShaped(answer);
      } catch (error) {
        throw new Error(`seed ${seed}: ${answer.status} ${answer.text.slice(0, 200)}`, { cause: error });
      }
    }
  },
);

test('whatever is sent to the authorization endpoint and to the API is refused calmly', async () => {
  const requests: Sent[] = NASTY.flatMap((nasty) => [
    { path: `/authorize?client_id=${nasty}` },
    { path: `/authorize?client_id=${encodeURIComponent(world.am.clientId(host))}&request_uri=${nasty}` },
    {
      path:
        `/authorize?client_id=${encodeURIComponent(world.am.clientId(host))}` +
        `&response_type=code&state=${nasty}&scope=${nasty}`,
    },
    {
      method: 'POST',
      path: '/authorize',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `csrf=${nasty}&decision=allow&request_uri=${nasty}`,
    },
    {
      path: `/api/entries?x=${nasty}`,
      headers: { authorization: `DPoP ${nasty.slice(0, 3000)}`, dpop: nasty.slice(0, 3000) },
    },
  ]);
  for (const request of requests) {
    const answer = await send(host.port, request);
    expect([request.path.slice(0, 80), answer.status >= 200 && answer.status < 500]).toEqual([
      request.path.slice(0, 80),
      true,
    ]);
  }
});

test('a body too large, too many pairs, or sent twice is refused before anything is done with it', async () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const tooLarge = await send(host.port, {
    method: 'POST',
    path: '/token',
    headers,
    body: `grant_type=${'x'.repeat(70_000)}`,
  });
  expect([tooLarge.status, tooLarge.json['error']]).toEqual([413, 'invalid_request']);
  const tooMany = await send(host.port, {
    method: 'POST',
    path: '/token',
    headers,
    body: Array.from({ length: 1001 }, (_, i) => `p${i}=1`).join('&'),
  });
  expect([tooMany.status, tooMany.json['error']]).toEqual([400, 'invalid_request']);
  for (const name of ['resource', 'scope', 'subject_token', 'actor_token', 'grant_type', 'client_assertion']) {
    const twice = await send(host.port, { method: 'POST', path: '/token', headers, body: `${name}=a&${name}=b` });
    expect([twice.status, twice.json['error']]).toEqual([400, 'invalid_request']);
  }
  const other = await send(host.port, {
    method: 'POST',
    path: '/token',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  expect([other.status, other.json['error']]).toEqual([415, 'invalid_request']);
  const wrongMethod = await send(host.port, { path: '/token' });
  expect([wrongMethod.status, wrongMethod.headers.allow]).toEqual([405, 'POST']);
});
