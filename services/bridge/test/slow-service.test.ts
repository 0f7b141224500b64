import type http from 'node:http';
import { eventually } from '@chatelaine/test-kit';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { misbehaviour, startWorld, type World } from './support/world.ts';

let world: World<'chirp'>;
let token: string;
const instead = misbehaviour();

beforeAll(async () => {
  world = await startWorld({ oauth2: { chirp: { misbehave: instead.misbehave } }, env: { ANSWER_SECONDS: '1' } });
  token = (await world.person('ada', ['chirp'])).tokens.chirp;
});
afterAll(() => world.close());

const call = () => world.am.call(world.bridge, token, { path: '/api/chirp/entries' });

test('a service that never answers is 504, and is let go', async () => {
  let under: http.ServerResponse | undefined;
  instead.does = (_request, response) => void (under = response);
  const answer = await call();
  expect([answer.status, answer.json['error'], answer.headers['retry-after']]).toEqual([
    504,
    'temporarily_unavailable',
    '5',
  ]);
  await eventually(() => under?.destroyed === true);
});

test('one that sends a byte now and then holds nobody for longer than an answer may take', async () => {
  let drip: NodeJS.Timeout | undefined;
  let under: http.ServerResponse | undefined;
  instead.does = (_request, response) => {
    under = response;
    response.writeHead(200, { 'content-type': 'application/json' });
    drip = setInterval(() => response.write(' '.repeat(200)), 20);
  };
  try {
    // it breaks off, or is 504 where nothing of it had left yet
    const answer = await call().catch((error: Error) => error);
    expect(answer instanceof Error || answer.status === 504).toBe(true);
    await eventually(() => under?.destroyed === true);
  } finally {
    clearInterval(drip);
    instead.does = null;
  }
  expect((await call()).status).toBe(200);
});
