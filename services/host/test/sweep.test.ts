import { type Embedded, sharedEmbedded } from '@chatelaine/dev-postgres';
import {
  type Browser,
  crawl,
  type Crawled,
  EVIL_MARKUP,
  routeOf,
  rowsAbout,
  routesIn,
  sweep,
  unreached,
} from '@chatelaine/test-kit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TestAm } from './support/test-am.ts';
import { startHost, type TestHost } from './support/test-host.ts';

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
  'GET /entries/:id/picture': 'host/pictures',
  'POST /account/confirm/passkey': 'accounts/passkeys',
  'POST /account/passkeys/remove': 'am/sweeps: the accounts are those of every service',
  'POST /account/sessions/end': 'am/sweeps',
  'POST /account/sessions/end-others': 'am/sweeps',
};

let embedded: Embedded;
let am: TestAm;
let host: TestHost;
let victim: Browser;
let crawled: Crawled;
let signedOut: Crawled;
const routes = () => routesIn(host.app.printRoutes({ commonPrefix: false }));

beforeAll(async () => {
  embedded = await sharedEmbedded();
  am = await TestAm.start();
  host = await startHost(embedded, am);
  victim = await host.browser().signUp('victim');
  await victim.submit('/entries', '/entries', { text: `${EVIL_MARKUP}${MARK}`, date: '2026-11-01' });
  await am.token(host, await am.link(host, victim), 'entries.read');
  const { address } = await am.push(host);
  const kindOf = (path: string): string => routeOf(routes(), { method: 'GET', path })?.path ?? path;
  crawled = await crawl(victim, { from: ['/entries', '/account', '/account/confirm', '/access', address], kindOf });
  signedOut = await crawl(host.browser(), { from: ['/', '/sign-in', '/sign-up', '/sign-in/recovery'], kindOf });
});
afterAll(async () => {
  await Promise.all([am.close(), host.app.close()]);
  await embedded.stop();
});

describe('of the pages and forms of a Host, found by following links', () => {
  test('each is attacked here, or is named with the tests that attack it', () => {
    const forPeople = routes().filter(({ path }) => !FOR_PROGRAMS.some((one) => one.test(path)));
    expect(unreached(forPeople, [crawled, signedOut], Object.keys(ELSEWHERE))).toEqual([]);
  });

  test('none is of use to another person, to another site or in a frame, and no name is markup', async () => {
    expect([...crawled.pages.values()].filter(({ text }) => text.includes(MARK)).length).toBeGreaterThan(0);
    let others = 0;
    const query = async (text: string, values: readonly unknown[] = []) =>
      (await host.pool.query<Record<string, unknown>>(text, [...values])).rows;
    const account = String((await query(`select id from account where username = 'victim'`))[0]?.['id']);
    const found = await sweep({
      victim,
      crawled,
      mark: MARK,
      attacker: () => host.browser().signUp(`attacker${++others}`),
      stored: () => rowsAbout(query, account),
    });
    expect(found).toEqual([]);
  });
});
