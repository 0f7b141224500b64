import { addHost, type Constellation, type Person, signIn, signUp } from '@chatelaine/constellation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startDeployment } from '../support/deployment.ts';
import {
  type Answer,
  type Connection,
  openRawRequester,
  RAW_CALLBACK,
  type RawRequester,
} from './support/raw-requester.ts';

// What holds only if the two processes of the AM share all their state. The requests of a race alternate between them.

const READ = 'entries.read';
const RACERS = 20;
const ROUNDS = [1, 2, 3];

let deployment: Constellation;
let robin: Person;
let raw: RawRequester;

beforeAll(async () => {
  deployment = await startDeployment({
    hosts: ['photos'],
    requester: false,
    label: 'replicas',
    env: ({ service }): Record<string, string> =>
      service === 'am' ? { REFUSALS_PER_MINUTE: '100000', REGISTRATIONS_PER_HOUR: '1000' } : {},
  });
  robin = deployment.person({ username: 'robin', stopsAt: [RAW_CALLBACK] });
  await signUp(robin, deployment.am.url);
  await signUp(robin, deployment.host('photos').url);
  await addHost(robin, { am: deployment.am, host: deployment.host('photos') });
  raw = await openRawRequester(deployment);
});

afterAll(() => deployment?.stop());

const wanted = () => ({ resource: deployment.host('photos').resource, scope: READ });

/** Sends the same request many times at once, half of them to each process. */
const race = (send: (fetch: typeof globalThis.fetch) => Promise<Answer>): Promise<Answer[]> => {
  const ways = deployment.am.processes.map((process) => deployment.only(process));
  return Promise.all(
    Array.from({ length: RACERS }, async (_, index) => send(ways[index % ways.length] ?? deployment.fetch)),
  );
};

const count = (answers: readonly Answer[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const key = status === 200 ? '200' : `${status} ${String(body['error'])}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
};

describe('of many who use it at once, at both processes, one succeeds', () => {
  test.each(ROUNDS)('a code; and as it was used twice, all that came of it is dead everywhere (round %i)', async () => {
    const code = await raw.code(robin);
    const answers = await race((fetch) => raw.redeem(code, { fetch }));
    expect(count(answers)).toEqual({ '200': 1, '400 invalid_grant': RACERS - 1 });
    const won = answers.find(({ status }) => status === 200)?.body;
    for (const process of deployment.am.processes) {
      const sending = { fetch: deployment.only(process) };
      const exchanged = await raw.exchange(String(won?.['access_token']), wanted(), sending);
      const refreshed = await raw.refresh(String(won?.['refresh_token']), sending);
      expect(count([exchanged, refreshed])).toEqual({ '400 invalid_request': 1, '400 invalid_grant': 1 });
    }
  });

  describe('and what only proves who asks', () => {
    let connection: Connection;
    beforeAll(async () => {
      connection = await raw.connect(robin);
    });

    test.each(ROUNDS)('a DPoP proof, at the token endpoint (round %i)', async () => {
      const proof = await raw.proof('POST', `${deployment.am.url}/token`);
      const answers = await race((fetch) => raw.refresh(connection.refreshToken, { fetch, proof }));
      expect(count(answers)).toEqual({ '200': 1, '400 invalid_dpop_proof': RACERS - 1 });
    });

    test.each(ROUNDS)('a DPoP proof, at the list of targets (round %i)', async () => {
      const url = `${deployment.am.url}/targets`;
      const { accessToken } = connection;
      const proof = await raw.proof('GET', url, accessToken);
      const answers = await race((fetch) => raw.get(url, accessToken, { fetch, proof }));
      expect(count(answers)).toEqual({ '200': 1, '401 invalid_dpop_proof': RACERS - 1 });
    });

    test.each(ROUNDS)('a client assertion (round %i)', async () => {
      const assertion = await raw.assertion();
      const answers = await race((fetch) => raw.refresh(connection.refreshToken, { fetch, assertion }));
      expect(count(answers)).toEqual({ '200': 1, '401 invalid_client': RACERS - 1 });
    });
  });

  test('an approval of the owner: one transfer, and the others are asked about again', async () => {
    const { accessToken } = await raw.connect(robin, () => 'ask');
    for (const _ of ROUNDS) {
      const asked = await raw.exchange(accessToken, wanted());
      expect(count([asked])).toEqual({ '400 interaction_required': 1 });
      await robin.visit(String(asked.body['interaction_uri']));
      await robin.press('once');
      const answers = await race((fetch) => raw.exchange(accessToken, wanted(), { fetch }));
      expect(count(answers)).toEqual({ '200': 1, '400 interaction_required': RACERS - 1 });
    }
  });

  test('a consent page that the owner has open many times: one code', async () => {
    const address = await raw.push();
    const tabs = Array.from({ length: 6 }, () => robin.tab());
    // each tab is filled in, and shows what the answers amount to
    for (const tab of tabs) {
      await tab.visit(address);
      await tab.press('everything', { preset_effect: 'allow' });
    }
    const pages = await Promise.all(tabs.map((tab) => tab.press('allow')));
    const back = pages.filter(({ url }) => url.href.startsWith(RAW_CALLBACK) && url.searchParams.has('code'));
    // the same answer, sent again within seconds, leads to the same redirect: PROTOCOL §2.1
    expect(new Set(back.map(({ url }) => url.searchParams.get('code'))).size).toBe(1);
  });
});

describe('what happens at one process holds at the other from the next request on', () => {
  test('a connection is stopped: nothing can be had, ten times', async () => {
    for (let round = 0; round < 10; round++) {
      const name = `Round ${round}`;
      const requester = await openRawRequester(deployment, name);
      const { accessToken } = await requester.connect(robin);
      const [here = 0, there = 1] = round % 2 === 0 ? [0, 1] : [1, 0];
      const sending = { fetch: deployment.only(processAt(there)) };
      expect(count([await requester.exchange(accessToken, wanted(), sending)])).toEqual({ '200': 1 });
      deployment.am.front.direct(here);
      await robin.visit(`${deployment.am.url}/apps`);
      await robin.press(`Stop ${name}`);
      deployment.am.front.direct(null);
      expect(count([await requester.exchange(accessToken, wanted(), sending)])).toEqual({ '400 invalid_request': 1 });
    }
  });

  test('somebody signs out: what was their session is nobody’s, ten times', async () => {
    const kim = deployment.person({ username: 'kim' });
    await signUp(kim, deployment.am.url);
    for (let round = 0; round < 10; round++) {
      const [here = 0, there = 1] = round % 2 === 0 ? [0, 1] : [1, 0];
      await signIn(kim, deployment.am.url);
      const cookie = kim.cookies.header(new URL(deployment.am.url), { method: 'GET', crossSite: false }) ?? '';
      const look = async () => {
        const answer = await deployment.only(processAt(there))(`${deployment.am.url}/hosts`, {
          headers: { cookie },
          redirect: 'manual',
        });
        return [answer.status, new URL(answer.headers.get('location') ?? '/', deployment.am.url).pathname];
      };
      expect(await look()).toEqual([200, '/']);
      deployment.am.front.direct(here);
      await kim.visit(deployment.am.url);
      await kim.press('Sign out');
      deployment.am.front.direct(null);
      expect(await look()).toEqual([303, '/sign-in']);
    }
  });

  test('wrong passwords are counted together, also those that come at once', async () => {
    const from = '127.0.0.77';
    await signUp(deployment.person({ username: 'lee' }), deployment.am.url);
    const guesser = deployment.person({ username: 'lee', password: 'not the right one', from });
    const tabs = Array.from({ length: RACERS }, () => guesser.tab());
    for (const tab of tabs) await tab.visit(`${deployment.am.url}/sign-in`);
    const { username, password } = guesser;
    const pages = await Promise.all(tabs.map((tab) => tab.press('Sign in', { username, password })));
    const refused = pages.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(refused).toEqual([...Array<number>(5).fill(400), ...Array<number>(RACERS - 5).fill(429)]);
    const right = deployment.person({ username: 'lee', from });
    for (const index of deployment.am.processes.keys()) {
      deployment.am.front.direct(index);
      await right.visit(`${deployment.am.url}/sign-in`);
      expect((await right.press('Sign in', { username, password: right.password })).status).toBe(429);
    }
    deployment.am.front.direct(null);
  });
});

const processAt = (index: number) => {
  const process = deployment.am.processes[index];
  if (process === undefined) throw new Error(`The AM has no process ${index}.`);
  return process;
};
