import fs from 'node:fs';
import type { ServiceProcess } from '@chatelaine/constellation';
import type { Entry, OAuth1Service, OAuth2Service } from '@chatelaine/stand-in-services';
import type { Answer } from '@chatelaine/test-kit';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestAm } from './support/test-am.ts';
import type { TestBridge } from './support/test-bridge.ts';
import { startWorld, type World } from './support/world.ts';

const OWNERS = 20;
const SERVICES = 10;
/** Of each of the two tests; they are a thousand together. */
const CALLS = 500;
const AT_ONCE = 16;
const KILLED_EVERY = 100;
const EXPIRED_EVERY = 60;
const people = Array.from({ length: OWNERS }, (_, index) => `person${index}`);
const ids = Array.from({ length: SERVICES }, (_, index) => `service${index}`);
/** Everybody has three of them, each other ones than their neighbours. */
const idsOf = (person: number): string[] => [0, 3, 7].map((step) => ids[(person + step) % SERVICES] ?? '');

let world: World;
let am: TestAm;
let bridge: TestBridge;
let processes: readonly ServiceProcess[];
let services: readonly (OAuth2Service | OAuth1Service)[];
/** By person and service. */
const tokens = new Map<string, string>();

/** What each person has at a service says whose it is, and where. */
const options = (id: string) => ({
  title: id,
  accounts: people,
  entries: new Map<string, Entry[]>(
    people.map((who) => [who, [{ id: 'e1', text: `${id} of ${who}`, date: '2026-11-01' }]]),
  ),
});

beforeAll(async () => {
  const isOld = (_id: string, index: number): boolean => index % 5 === 0;
  const standIns = (which: readonly string[]) => Object.fromEntries(which.map((id) => [id, options(id)]));
  world = await startWorld<string, string>({
    oauth1: standIns(ids.filter(isOld)),
    oauth2: standIns(ids.filter((id, index) => !isOld(id, index))),
  });
  ({ am, bridge } = world);
  services = [...Object.values(world.oauth1), ...Object.values(world.oauth2)];
  processes = await Promise.all([bridge.process(), bridge.process()]);
  for (const [person, who] of people.entries()) {
    const { tokens: theirs } = await world.person(who, idsOf(person), who);
    for (const [id, token] of Object.entries(theirs)) tokens.set(`${who} ${id}`, token);
  }
});
afterAll(() => world.close());

/** At one of the two processes, and at the other where the first is killed meanwhile. */
async function callEitherBridge(token: string, path: string, first: number): Promise<Answer> {
  for (let tries = 0; ; tries++) {
    const process = processes[(first + tries) % processes.length];
    const answer = await am
      .call({ issuer: bridge.issuer, port: process?.port ?? 0 }, token, { path })
      .catch((error: NodeJS.ErrnoException) => error);
    // RFC 9110 §9.2.2: reading may be done again
    if (!(answer instanceof Error)) return answer;
    if (answer.code !== 'ECONNRESET' && answer.code !== 'ECONNREFUSED') throw answer;
  }
}

/** Many calls at once, in an order in which neighbours are other people's at other services. */
async function callAll(meanwhile: (call: number) => unknown): Promise<void> {
  let answered = 0;
  const mixedUp: string[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let call = next++; call < CALLS; call = next++) {
      const person = (call * 7) % OWNERS;
      const [who = '', id = ''] = [people[person], idsOf(person)[call % 3]];
      const done = meanwhile(call);
      const answer = await callEitherBridge(tokens.get(`${who} ${id}`) ?? '', `/api/${id}/entries`, call % 2);
      if (answer.status === 200) answered++;
      if (answer.status !== 200 || !answer.text.includes(`"${id} of ${who}"`))
        mixedUp.push(`${who} ${id}: ${answer.status} ${answer.text}`);
      await done;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  expect(mixedUp).toEqual([]);
  expect(answered).toBe(CALLS);
}

test('of hundreds of calls at once, over two processes while tokens are refreshed, nobody reads another’s', () =>
  callAll((call) => {
    if (call % EXPIRED_EVERY !== EXPIRED_EVERY / 2) return;
    for (const service of services) if ('expireAccessTokens' in service) service.expireAccessTokens();
  }));

test('… nor while one process after the other is killed and started again', async () => {
  // none is refreshed meanwhile: who is killed between a service's answer and its commit loses a token that rotates
  for (const [whose, token] of tokens) await callEitherBridge(token, `/api/${whose.split(' ')[1]}/entries`, 0);
  let kills = 0;
  let restarted = Promise.resolve();
  const restart = async (process: ServiceProcess | undefined): Promise<void> => {
    await process?.kill();
    await process?.start();
  };
  await callAll((call) => {
    if (call % KILLED_EVERY !== KILLED_EVERY / 2) return restarted;
    const process = processes[kills++ % processes.length];
    // there is always one to go to
    restarted = restarted.then(() => restart(process));
    return undefined;
  });
  await restarted;
  expect(kills).toBe(CALLS / KILLED_EVERY);
});

test('no credential of any of them is in a line of a log', () => {
  const logs = [bridge.log(), ...processes.map(({ logFile }) => fs.readFileSync(logFile, 'utf8'))];
  for (const log of logs) {
    expect(log).not.toBe('');
    expect(log).not.toMatch(/stand-in-(access|refresh|token|secret)-|client-secret-of/);
  }
});
