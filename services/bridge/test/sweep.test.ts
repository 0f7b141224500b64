import {
  type Browser,
  crawl,
  type Crawled,
  routeOf,
  routesIn,
  rowsAbout,
  sweep,
  unreached,
} from '@chatelaine/test-kit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectService, type TestBridge } from './support/test-bridge.ts';
import { startWorld, type World } from './support/world.ts';

const MARK = 'victim-4711';
/** What programs call, and files that are the same for everybody. */
const FOR_PROGRAMS = [
  /^\/(?:introspect|par|revoke|token|api\/.*|api)$/,
  /^\/(?:healthz|jwks|openapi\.json|readyz|\.well-known\/.*)$/,
  /\.(?:css|js|svg)$/,
];
/** Routes to which no link leads from these pages, and where they are tested. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'GET /account/deleted': 'accounts/deletion',
  'POST /*': 'bridge/proxy: it is called by programs',
  'POST /account/confirm/passkey': 'accounts/passkeys',
  'POST /account/passkeys/remove': 'am/sweeps: the accounts are those of every service',
  'POST /account/sessions/end': 'am/sweeps',
  'POST /account/sessions/end-others': 'am/sweeps',
};

let world: World<'chirp', 'plume'>;
let bridge: TestBridge;
let victim: Browser;
let crawled: Crawled;
let signedOut: Crawled;
const routes = () => routesIn(bridge.app.printRoutes({ commonPrefix: false }));

beforeAll(async () => {
  const entries = () => new Map([[MARK, []]]);
  world = await startWorld({ oauth2: { chirp: { accounts: [MARK], entries: entries() } }, oauth1: { plume: {} } });
  ({ bridge } = world);
  victim = await bridge.browser().signUp('victim');
  await connectService(victim, 'chirp', world.oauth2.chirp, MARK);
  await world.am.link(bridge, victim);
  const { address } = await world.am.push(bridge);
  const kindOf = (path: string): string => routeOf(routes(), { method: 'GET', path })?.path ?? path;
  crawled = await crawl(victim, {
    from: ['/services', '/account', '/account/confirm', '/access', '/services/chirp/callback?state=x', address],
    kindOf,
  });
  signedOut = await crawl(bridge.browser(), { from: ['/', '/sign-in', '/sign-up', '/sign-in/recovery'], kindOf });
});
afterAll(() => world.close());

describe('of the pages and forms of a bridge, found by following links', () => {
  test('each is attacked here, or is named with the tests that attack it', () => {
    const forPeople = routes().filter(({ path }) => !FOR_PROGRAMS.some((one) => one.test(path)));
    expect(unreached(forPeople, [crawled, signedOut], Object.keys(ELSEWHERE))).toEqual([]);
  });

  test('none is of use to another person, to another site or in a frame', async () => {
    expect([...crawled.pages.values()].filter(({ text }) => text.includes(MARK)).length).toBeGreaterThan(0);
    let others = 0;
    const query = async (text: string, values: readonly unknown[] = []) =>
      (await bridge.pool.query<Record<string, unknown>>(text, [...values])).rows;
    const account = String((await query(`select id from account where username = 'victim'`))[0]?.['id']);
    const found = await sweep({
      victim,
      crawled,
      mark: MARK,
      attacker: () => bridge.browser().signUp(`attacker${++others}`),
      stored: () => rowsAbout(query, account),
    });
    expect(found).toEqual([]);
  });
});
