import {
  Browser,
  crawl,
  type Crawled,
  EVIL_MARKUP,
  routeOf,
  routesIn,
  rowsAbout,
  sweep,
  unreached,
} from '@chatelaine/test-kit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectAm, signUp, startWorld, type World } from './support/world.ts';

const MARK = 'victim-4711';
/** What programs call, and files that are the same for everybody. */
const FOR_PROGRAMS = [
  /^\/(?:client|introspect|par|revoke|token|api\/.*|api)$/,
  /^\/(?:healthz|jwks|openapi\.json|readyz|\.well-known\/.*)$/,
  /\.(?:css|js|svg|png)$/,
];
/** Routes to which no link leads from these pages, and where they are tested. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'GET /account/deleted': 'accounts/deletion',
  'GET /authorize': 'host-kit/consent',
  'GET /picture': 'requester/pictures',
  'GET /posted': 'requester/posting',
  'POST /access/end': 'requester/connect',
  'POST /account/confirm/passkey': 'accounts/passkeys',
  'POST /account/passkeys/remove': 'am/sweeps: the accounts are those of every service',
  'POST /account/sessions/end': 'am/sweeps',
  'POST /account/sessions/end-others': 'am/sweeps',
  'POST /authorize': 'host-kit/consent',
};

let world: World;
let origin: string;
let victim: Browser;
let crawled: Crawled;
let signedOut: Crawled;
const routes = () => routesIn(world.routes());

beforeAll(async () => {
  world = await startWorld();
  origin = await world.start();
  victim = await new Browser(origin).signUp('victim');
  await connectAm(world.deployment, victim);
  await victim.submit('/posts', '/posts', { text: `${EVIL_MARKUP}${MARK}` });
  const kindOf = (path: string): string => routeOf(routes(), { method: 'GET', path })?.path ?? path;
  crawled = await crawl(victim, {
    from: ['/', '/connections', '/posts', '/access', '/connect', '/account', '/account/confirm', '/callback?state=x'],
    kindOf,
  });
  signedOut = await crawl(new Browser(origin), { from: ['/', '/sign-in', '/sign-up', '/sign-in/recovery'], kindOf });
});
afterAll(() => world.close());

describe('of the pages and forms of Lifestream, found by following links', () => {
  test('each is attacked here, or is named with the tests that attack it', () => {
    const forPeople = routes().filter(({ path }) => !FOR_PROGRAMS.some((one) => one.test(path)));
    expect(unreached(forPeople, [crawled, signedOut], Object.keys(ELSEWHERE))).toEqual([]);
  });

  test('none is of use to another person, to another site or in a frame, and no name is markup', async () => {
    expect([...crawled.pages.values()].filter(({ text }) => text.includes(MARK)).length).toBeGreaterThan(0);
    const account = String((await world.sql(`select id from account where username = 'victim'`))[0]?.['id']);
    const found = await sweep({
      victim,
      crawled,
      mark: MARK,
      attacker: () => signUp(origin),
      stored: () => rowsAbout(world.sql, account),
    });
    expect(found).toEqual([]);
  });
});
