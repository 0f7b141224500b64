import { answerConsent, type Page, type Person } from '@chatelaine/constellation';
import { setTimeout as pause } from 'node:timers/promises';
import { type HeldConnection, now, type Outcome } from './history.ts';
import { type Client, createClient } from './requester.ts';
import type { World } from './world.ts';

let clients = 0;

/** A connection, and the client that holds it. */
export interface Held {
  readonly connection: HeldConnection;
  readonly client: Client;
}

/** A code in the hands of its client. */
export interface Coded {
  readonly client: Client;
  readonly owner: Person;
  readonly code: string;
  readonly verifier: string;
}

/** A new Requester, pushed request, consent; `null` when a fault was in the way. */
export async function obtainCode(world: World, owner: Person): Promise<Coded | null> {
  const { house, documents } = world;
  const name = `Reader ${++clients}`;
  const client = createClient({ name, am: house.am.url, documents, fetch: house.fetch });
  const pushed = await client.push();
  if (pushed === null) return null;
  const page = await browse(world, owner, async (tab) => {
    await tab.visit(pushed.url);
    return answerConsent(tab, () => 'allow');
  });
  const code = page?.url.href.startsWith(client.redirectUri) ? page.url.searchParams.get('code') : null;
  return code === null || code === undefined ? null : { client, owner, code, verifier: pushed.verifier };
}

const TRIES = 100;
const AGAIN_MS = 100;

/**
 * Redeems a code as a client does whose answers get lost: again, until it knows. A second 200 for one code, or tokens after a refusal of the
 * same code, would be the end of "once".
 */
export async function redeem(world: World, coded: Coded): Promise<Held | null> {
  const { client, code, verifier } = coded;
  const answers: Outcome[] = [];
  for (let tries = 0; tries < TRIES && !answers.some(isDecision); tries++) {
    if (tries > 0) await pause(AGAIN_MS);
    answers.push(await client.redeem(code, verifier));
  }
  world.history.redemptions.push({ code, client: client.name, answers });
  return hold(world, coded, answers);
}

/** Sends one code several times at once. */
export async function race(world: World, coded: Coded, times: number): Promise<readonly Outcome[]> {
  const { client, code, verifier } = coded;
  const ready = await Promise.all(Array.from({ length: times }, () => client.prepareRedemption(code, verifier)));
  const answers = await Promise.all(ready.map((send) => send()));
  world.history.redemptions.push({ code, client: client.name, answers });
  return answers;
}

const isDecision = ({ kind }: Outcome): boolean => kind === 'ok' || kind === 'refused' || kind === 'broken_promise';

function hold(world: World, { client, owner }: Coded, answers: readonly Outcome[]): Held | null {
  const given = answers.find(({ kind }) => kind === 'ok');
  if (given?.kind !== 'ok') return null;
  const connection = {
    name: client.name,
    owner: owner.username,
    clientId: client.clientId,
    accessToken: String(given.json['access_token']),
    jkt: client.key.kid,
  };
  world.history.connections.push(connection);
  return { connection, client };
}

/** Ends a connection on its owner's page; returns when the page has answered, or `unknown` when it has not. */
export async function stop(world: World, owner: Person, { connection }: Held): Promise<'ok' | 'unknown'> {
  const { house, history } = world;
  let begin = now();
  const page = await browse(world, owner, async (tab) => {
    await tab.visit(`${house.am.url}/requesters`);
    begin = now();
    return tab.press(`Stop ${connection.name}`);
  });
  const outcome = page?.status === 200 ? 'ok' : 'unknown';
  history.stops.push({ connection, begin, end: now(), outcome });
  return outcome;
}

const PROMISED: ReadonlySet<number> = new Set([502, 503, 504]);

/** Some steps in a tab of the owner's browser. `null`: a fault was in the way, and the person does not know what came of it. */
export async function browse(world: World, owner: Person, steps: (tab: Person) => Promise<Page>): Promise<Page | null> {
  const tab = owner.tab();
  let page: Page | null = null;
  try {
    page = await steps(tab);
  } catch {
    page = null;
  }
  // what is shown last says why the steps could not be gone to their end
  const last = page ?? lastPage(tab);
  if (last !== null && last.status >= 500 && !PROMISED.has(last.status))
    world.history.violations.push(`${last.url.origin}${last.url.pathname} showed a page with ${last.status}`);
  return page;
}

function lastPage(tab: Person): Page | null {
  try {
    return tab.page;
  } catch {
    return null;
  }
}
