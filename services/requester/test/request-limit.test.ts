import { type Answer, type Browser, eventually, type Running, serve } from '@chatelaine/test-kit';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { signUp, startWorld, type World } from './support/world.ts';

/** Three of them for programs. */
const SLOTS = 4;
/** An AM is asked once for all who wait for it. */
const NAMES = Array.from({ length: SLOTS }, (_, n) => `slow${n}.localhost`);

let world: World;
let origin: string;
let slow: Running;
/** AMs that were asked. */
const asked = new Set<string>();
/** What lets a document go that somebody waits for. */
const held: (() => void)[] = [];

beforeAll(async () => {
  world = await startWorld();
  slow = await serve((request, response) => {
    asked.add(request.headers.host ?? '');
    held.push(() => response.writeHead(404).end());
  });
  const exceptions = NAMES.map((host) => ({ host, port: slow.port, scheme: 'http', cidr: '127.0.0.1/32' }));
  origin = await world.start({
    REQUESTS_AT_ONCE: String(SLOTS),
    OUTBOUND_EXCEPTIONS: JSON.stringify([...world.deployment.exceptions, ...exceptions]),
  });
});
afterAll(() => Promise.all([world.close(), slow.close()]));

test('an AM that answers late holds no slot of others: pages, signing in and other AMs go on', async () => {
  const pending: Promise<Answer>[] = [];
  const other = await signUp(origin);
  const people: Browser[] = [];
  while (people.length < SLOTS) people.push(await signUp(origin));
  for (const [n, person] of people.entries()) {
    pending.push(person.submit('/connect', '/connect', { am: `http://${NAMES[n]}:${slow.port}` }));
    await eventually(() => asked.size > n);
  }
  expect((await other.get('/connections')).status).toBe(200);
  expect((await other.submit('/connect', '/connect', { am: world.deployment.am })).text).toContain('request_uri');
  for (const go of held) go();
  expect((await Promise.all(pending)).map(({ status }) => status)).not.toContain(503);
});
