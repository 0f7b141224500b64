import http from 'node:http';
import { Readable } from 'node:stream';
import type { OAuth2Service } from '@chatelaine/stand-in-services';
import { eventually } from '@chatelaine/test-kit';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestAm } from './support/test-am.ts';
import { agreeAt, startConnecting, type TestBridge } from './support/test-bridge.ts';
import { startWorld, type World } from './support/world.ts';

let world: World<'slow' | 'quick'>;
let am: TestAm;
let slow: OAuth2Service;
let quick: OAuth2Service;
/** Two requests at a time, and some that wait for services. */
let bridge: TestBridge;
/** What lets the calls of the slow service go that it has not answered yet. */
const held: (() => void)[] = [];
let holds = false;
/** What the slow service has sent of a large file. */
let sent = 0;
const FILE_BYTES = 100_000_000;
/** What connections and processes on the way may hold of it. */
const UNDER_WAY_BYTES = 32_000_000;
const PIECE = Buffer.alloc(65_536, 'x');

const HERE = 2;
const WAITING = 32;
/** With five calls each they take as many as one Requester may have waiting. */
const PEOPLE = 6;
const CALLS = 5;

beforeAll(async () => {
  world = await startWorld({
    oauth2: {
      slow: {
        misbehave(request, response) {
          if (request.url === '/files/large') {
            Readable.from(largeFile(), { objectMode: false }).pipe(response);
            return true;
          }
          if (!holds) return false;
          held.push(() => response.end('{}'));
          return true;
        },
      },
      quick: {},
    },
    env: { REQUESTS_AT_ONCE: String(HERE), WAITING_AT_ONCE: String(WAITING) },
  });
  ({ am, bridge } = world);
  ({ slow, quick } = world.oauth2);
});
afterAll(() => world.close());

/** Somebody who has connected both, with a token for each. */
async function connected(name: string) {
  const { browser, tokens } = await world.person(name, ['slow', 'quick']);
  return { browser, ...tokens };
}
const callAt = (id: string, token: string) => am.call(bridge, token, { path: `/api/${id}/entries` });
const release = (): void => {
  holds = false;
  for (const go of held.splice(0)) go();
};

test('a service that refreshes slowly keeps nobody from calling another one', async () => {
  const ada = await connected('renewing');
  const renewals: (() => void)[] = [];
  slow.onToken = () => new Promise((done) => void renewals.push(done));
  slow.expireAccessTokens();
  const before = slow.calls.length;
  // one refreshes; the other waits for it
  const [first, second] = [callAt('slow', ada.slow), callAt('slow', ada.slow)];
  // each was refused, and asked whose account it is
  await eventually(() => renewals.length === 1 && slow.calls.length === before + 4);
  const answers = await Promise.all([callAt('quick', ada.quick), callAt('quick', ada.quick)]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  slow.onToken = async () => undefined;
  for (const done of renewals) done();
  expect([(await first).status, (await second).status]).toEqual([200, 200]);
});

test('while no request more may wait, connecting takes nothing from anybody, and disconnecting goes on', async () => {
  const connecting = await bridge.browser().signUp('connecting');
  const back = await agreeAt(quick, await startConnecting(connecting, 'quick'));
  const people = [];
  for (let person = 0; person < PEOPLE; person++) people.push(await connected(`waiting-${person}`));
  holds = true;
  let refused = 0;
  const calls: Promise<void>[] = [];
  const call = async (token: string): Promise<void> => {
    if ((await callAt('slow', token)).status === 503) refused += 1;
  };
  for (const person of people) {
    for (let time = 0; time < CALLS; time++) {
      calls.push(call(person.slow));
      await eventually(() => held.length + refused === calls.length);
    }
  }
  expect((await connecting.get(back)).status).toBe(503);
  const before = quick.revoked.length;
  const ended = await people[0]?.browser.submit('/services/quick/disconnect', '/services/quick/disconnect', {});
  expect([ended?.status, quick.revoked.length]).toEqual([200, before + 1]);
  release();
  await Promise.all(calls);
  expect((await connecting.get(back)).headers.location).toBe('/services?connected=quick');
});

test('a large answer is held nowhere: while nobody reads it the service waits, and others are served', async () => {
  const reader = await connected('reading');
  const path = '/api/slow/files/large';
  const dpop = await am.proof(bridge, reader.slow, 'GET', path);
  const headers = { host: new URL(bridge.issuer).host, authorization: `DPoP ${reader.slow}`, dpop };
  const { promise: answered, resolve } = Promise.withResolvers<http.IncomingMessage>();
  http.get({ host: '127.0.0.1', port: bridge.port, path, headers }, resolve);
  const answer = await answered;
  for (let call = 0; call < 50; call++) expect((await callAt('quick', reader.quick)).status).toBe(200);
  expect(sent).toBeLessThan(UNDER_WAY_BYTES);
  let read = 0;
  for await (const piece of answer) read += (piece as Buffer).length;
  expect([answer.statusCode, read, sent]).toEqual([200, FILE_BYTES, FILE_BYTES]);
});

function* largeFile(): Generator<Buffer> {
  while (sent < FILE_BYTES) {
    const piece = PIECE.subarray(0, Math.min(PIECE.length, FILE_BYTES - sent));
    sent += piece.length;
    yield piece;
  }
}
