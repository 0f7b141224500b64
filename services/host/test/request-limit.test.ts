import { hostTag } from '@chatelaine/crypto';
import { type Embedded, sharedEmbedded } from '@chatelaine/dev-postgres';
import { eventually, type Running, send, serve } from '@chatelaine/test-kit';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startHost, type TestHost } from './support/test-host.ts';

/** Three of them for programs. */
const SLOTS = 4;

let embedded: Embedded;
let strangers: Running;
let host: TestHost;
/** What lets a document go that somebody waits for. */
const held: (() => void)[] = [];

beforeAll(async () => {
  embedded = await sharedEmbedded();
  strangers = await serve((_request, response) => void held.push(() => response.writeHead(404).end()));
  host = await startHost(embedded, strangers, { REQUESTS_AT_ONCE: String(SLOTS) });
});
afterAll(async () => {
  await Promise.all([host.app.close(), strangers.close()]);
  await embedded.stop();
});

test('client documents that answer late take no slot of others: pages and signing in go on', async () => {
  const waiting = [];
  // the only address at an AM that a Host reads for a client
  const client_id = `http://am.localhost:${strangers.port}/clients/${hostTag(host.issuer)}`;
  for (let n = 1; n <= SLOTS; n++) {
    waiting.push(send(host.port, { path: `/authorize?${new URLSearchParams({ client_id }).toString()}` }));
    await eventually(() => held.length === n);
  }
  const browser = await host.browser().signUp('newcomer');
  for (const path of ['/entries', '/access']) expect((await browser.get(path)).status).toBe(200);
  for (const go of held) go();
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(waiting.map(() => 400));
});
