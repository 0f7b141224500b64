import { definitionOf, type OAuth2Service } from '@chatelaine/stand-in-services';
import type { Link } from '@chatelaine/test-kit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { TestAm } from './support/test-am.ts';
import { originOf, type TestBridge } from './support/test-bridge.ts';
import { startWorld, type World } from './support/world.ts';

let world: World<'chirp' | 'nested'>;
let am: TestAm;
let chirp: OAuth2Service;
let nested: OAuth2Service;
let bridges: readonly [TestBridge, TestBridge];

/** Its tokens are a level down, and its client authenticates in the form. */
const nestedDefinition = (port: number): string =>
  definitionOf({
    version: '2.0',
    title: 'Nested',
    origin: originOf('nested', port),
    more: '  token_member: authed_user\n',
  }).replace('client_secret_basic', 'client_secret_post');

beforeAll(async () => {
  world = await startWorld({
    oauth2: { chirp: {}, nested: { quirks: { tokenMember: 'authed_user' }, definition: nestedDefinition } },
  });
  ({ am } = world);
  ({ chirp, nested } = world.oauth2);
  bridges = [world.bridge, await world.bridge.replica()];
});
afterAll(async () => {
  await bridges[1].close();
  await world.close();
});
beforeEach(() => {
  chirp.quirks = {};
  chirp.onToken = async () => undefined;
});

const path = '/api/chirp/entries';
const REFRESHES = 500;
let people = 0;
async function connected(): Promise<{ link: Link; token: string; owner: string }> {
  const owner = `refresh-${(people += 1)}`;
  const { link, tokens } = await world.person(owner, ['chirp']);
  return { link, token: tokens.chirp, owner };
}
const refreshes = (): readonly string[] => chirp.tokenRequests.filter((one) => one.startsWith('refresh_token'));
/** To which of the two processes a call goes; both have one issuer. */
const call = (token: string, process: 0 | 1 = 0) =>
  am.call({ ...bridges[process], issuer: bridges[0].issuer }, token, { path });
const setRow = (set: string): Promise<unknown> => bridges[0].pool.query(`update service_account set ${set}`);

test('a token that the service takes no more is refreshed once, and the call goes through', async () => {
  const { token } = await connected();
  const before = refreshes().length;
  chirp.expireAccessTokens();
  expect((await call(token)).status).toBe(200);
  expect(refreshes().slice(before)).toEqual(['refresh_token 200']);
});

test('one that is about to run out is refreshed before it is used', async () => {
  const { token } = await connected();
  const before = refreshes().length;
  await setRow("expires_at = now() + interval '5 seconds'");
  expect((await call(token)).status).toBe(200);
  expect(refreshes().slice(before)).toEqual(['refresh_token 200']);
});

test('two processes with one rotating token: it is refreshed once each time, and none is lost', async () => {
  const { token } = await connected();
  const before = refreshes().length;
  for (let round = 0; round < 10; round++) {
    chirp.expireAccessTokens();
    const answers = await Promise.all([call(token, 0), call(token, 1), call(token, 0), call(token, 1)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  }
  // a second refresh with one token would have been refused, and have ended the connection
  expect(new Set(refreshes().slice(before))).toEqual(new Set(['refresh_token 200']));
});

test('two processes, one rotating token, 500 refreshes: each is done once, the connection never lost', async () => {
  const { token } = await connected();
  const processes = await Promise.all([bridges[0].process(), bridges[0].process()]);
  const before = refreshes().length;
  // each call finds a token that is about to run out: it refreshes it, or waits for whoever does, and then refreshes it
  // again
  chirp.quirks = { expiresIn: 20 };
  await setRow("expires_at = now() + interval '20 seconds'");
  let next = 0;
  const refused: string[] = [];
  const worker = async (): Promise<void> => {
    for (let one = next++; one < REFRESHES; one = next++) {
      const at = { issuer: bridges[0].issuer, port: processes[one % 2]?.port ?? 0 };
      const answer = await am.call(at, token, { path });
      if (answer.status !== 200) refused.push(`${answer.status} ${answer.text}`);
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  expect(refused).toEqual([]);
  // a second refresh with one token would have been refused, and have ended the connection
  expect(new Set(refreshes().slice(before))).toEqual(new Set(['refresh_token 200']));
  expect(refreshes().length).toBe(before + REFRESHES);
});

test('after a refresh that failed nobody asks for half a minute, and what has not run out is still used', async () => {
  const { token, link } = await connected();
  await setRow("expires_at = now() + interval '20 seconds'");
  chirp.quirks = { tokenMember: 'elsewhere' };
  const before = refreshes().length;
  expect((await call(token)).status).toBe(503);
  expect((await call(token)).status).toBe(200);
  expect((await call(token, 1)).status).toBe(200);
  expect(refreshes().length).toBe(before + 1);
  chirp.expireAccessTokens();
  const refused = await call(token);
  expect([refused.status, Number(refused.headers['retry-after']) > 1]).toEqual([503, true]);
  // never the link's fault
  expect((await am.transfer(bridges[0], link, 'chirp:entries.read')).status).toBe(200);
});

test('what is disconnected during its refresh stays so, and what the service gave for it is ended there', async () => {
  const { token, owner } = await connected();
  await setRow("expires_at = now() + interval '5 seconds'");
  const browser = bridges[1].browser();
  await browser.submit('/sign-in', '/sign-in', { username: owner, password: 'correct horse battery staple' });
  const before = chirp.revoked.length;
  chirp.onToken = async () => {
    chirp.onToken = async () => undefined;
    await browser.submit('/services/chirp/disconnect', '/services/chirp/disconnect', {});
  };
  expect((await call(token)).status).toBe(401);
  // both: what was there, and what came
  expect(chirp.revoked.length).toBe(before + 2);
  const { rows } = await bridges[0].pool.query(
    'select a.service from service_account a join account p on p.id = a.owner where p.username = $1',
    [owner],
  );
  expect(rows).toEqual([]);
});

describe('a service that says things in its own way is understood', () => {
  test.each([
    ['no expires_in', { noExpiresIn: true }],
    ['commas between scopes', { commas: true }],
  ])('%s', async (_how, quirks) => {
    chirp.quirks = quirks;
    const { token } = await connected();
    expect((await call(token)).status).toBe(200);
  });

  test('a refresh token that stays the same: where no other comes back it is used again', async () => {
    chirp.quirks = { keepsRefreshTokens: true };
    const { token } = await connected();
    const before = refreshes().length;
    for (let time = 0; time < 3; time++) {
      chirp.expireAccessTokens();
      expect((await call(token, time === 1 ? 1 : 0)).status).toBe(200);
    }
    expect(refreshes().slice(before)).toEqual(Array(3).fill('refresh_token 200'));
  });

  test('tokens one level down, and a client that authenticates in the form', async () => {
    const { tokens } = await world.person('nested', ['nested']);
    nested.expireAccessTokens();
    const before = nested.tokenRequests.length;
    expect((await am.call(bridges[0], tokens.nested, { path: '/api/nested/entries' })).status).toBe(200);
    expect(nested.tokenRequests.slice(before)).toEqual(['refresh_token 200']);
  });

  test('an error with status 200 is an error', async () => {
    chirp.quirks = { errorsAre200: true };
    const { token } = await connected();
    chirp.endAccount('ada');
    expect((await call(token)).status).toBe(401);
  });
});
