import { answerConsent, type Fill, type Page, type Person } from '@chatelaine/constellation';
import { setTimeout as pause } from 'node:timers/promises';
import { type HeldConnection, type Moment, now, type Outcome } from './history.ts';
import { type Client, createClient } from './requester.ts';
import type { World } from './world.ts';

let clients = 0;

/** What a client needs to turn a code into a connection. */
export interface Redeemer {
  readonly name: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** The token in the response to its code with which it continues. */
  readonly continuesWith: 'access_token' | 'refresh_token';
  prepareRedemption(code: string, verifier: string): Promise<() => Promise<Outcome>>;
  redeem(code: string, verifier: string): Promise<Outcome>;
}

/** A connection, and the client that holds it. */
export interface Held<C extends Redeemer = Client> {
  readonly connection: HeldConnection;
  readonly client: C;
  /** The response to its code. */
  readonly answer: Readonly<Record<string, unknown>>;
}

/** A code that its client has received. */
export interface ReceivedCode<C extends Redeemer = Client> {
  readonly client: C;
  readonly owner: Person;
  readonly code: string;
  readonly verifier: string;
  /** When its owner began to consent, if they require terms. */
  readonly offeredFrom?: Moment;
}

/** A new Requester, a pushed request and consent; `null` when a fault prevented it. */
export async function obtainCode(world: World, owner: Person, terms: Fill = {}): Promise<ReceivedCode | null> {
  const { deployment, documents } = world;
  const name = `Reader ${++clients}`;
  const client = createClient({ name, am: deployment.am.url, documents, fetch: deployment.fetch });
  const pushed = await client.push();
  if (pushed === null) return null;
  const answer = (tab: Person): Promise<Page> => answerConsent(tab, () => 'allow', terms);
  const asksTerms = terms['terms'] !== '';
  return consent(world, { client, owner, ...pushed, answer, ...(asksTerms && { offeredFrom: now() }) });
}

/** The owner's part: opens the authorization URL and answers there. `null` when a fault prevented it. */
export async function consent<C extends Redeemer>(
  world: World,
  asked: Omit<ReceivedCode<C>, 'code'> & { url: string; answer: (tab: Person) => Promise<Page> },
): Promise<ReceivedCode<C> | null> {
  const { url, answer, ...coded } = asked;
  const { client, owner } = coded;
  const page = await browse(world, owner, async (tab) => {
    await tab.visit(url);
    return answer(tab);
  });
  const code = page?.url.href.startsWith(client.redirectUri) ? page.url.searchParams.get('code') : null;
  return code === null || code === undefined ? null : { ...coded, code };
}

const TRIES = 100;
const RETRY_MS = 100;

/**
 * Redeems a code as a client does whose responses may get lost: it repeats until it knows the outcome. A second 200 for
 * one code, or tokens after a refusal of it, would violate I2.
 */
export async function redeem<C extends Redeemer>(world: World, coded: ReceivedCode<C>): Promise<Held<C> | null> {
  const { client, code, verifier } = coded;
  const answers: Outcome[] = [];
  for (let tries = 0; tries < TRIES && !answers.some(isDecision); tries++) {
    if (tries > 0) await pause(RETRY_MS);
    answers.push(await client.redeem(code, verifier));
  }
  world.history.redemptions.push({ code, client: client.name, answers, yields: 'once' });
  return recordConnection(world, coded, answers);
}

/** Sends one code several times at once. */
export async function race<C extends Redeemer>(
  world: World,
  coded: ReceivedCode<C>,
  times: number,
): Promise<readonly Outcome[]> {
  const { client, code, verifier } = coded;
  const ready = await Promise.all(Array.from({ length: times }, () => client.prepareRedemption(code, verifier)));
  const answers = await Promise.all(ready.map((send) => send()));
  // a stock client's code counts as used once the Host has answered, and a second use ends the connection of the first
  // before its token is out
  const yields = client.continuesWith === 'refresh_token' ? 'at most once' : 'once';
  world.history.redemptions.push({ code, client: client.name, answers, yields });
  return answers;
}

const isDecision = ({ kind }: Outcome): boolean => kind === 'ok' || kind === 'refused' || kind === 'broken_promise';

function recordConnection<C extends Redeemer>(
  world: World,
  { client, owner, offeredFrom }: ReceivedCode<C>,
  answers: readonly Outcome[],
): Held<C> | null {
  const given = answers.find(({ kind }) => kind === 'ok');
  if (given?.kind !== 'ok') return null;
  const { name, clientId, continuesWith } = client;
  const connection = { name, owner: owner.username, clientId, token: String(given.json[continuesWith]) };
  world.history.connections.push(connection);
  if (offeredFrom !== undefined)
    world.history.offers.push({ connection, begin: offeredFrom, end: now(), outcome: 'ok' });
  return { connection, client, answer: given.json };
}

/** Ends a connection on its owner's page; `unknown` when the page did not answer. */
export async function stop(
  world: World,
  owner: Person,
  { connection }: Pick<Held, 'connection'>,
): Promise<'ok' | 'unknown'> {
  const { deployment, history } = world;
  let begin = now();
  const page = await browse(world, owner, async (tab) => {
    await tab.visit(`${deployment.am.url}/apps`);
    begin = now();
    return tab.press(`Stop ${connection.name}`);
  });
  const outcome = page?.status === 200 ? 'ok' : 'unknown';
  history.stops.push({ connection, begin, end: now(), outcome });
  return outcome;
}

const EXPECTED_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * Runs steps in a tab of the owner's browser. `null` when a fault prevented them, so that the person does not know the
 * outcome.
 */
export async function browse(world: World, owner: Person, steps: (tab: Person) => Promise<Page>): Promise<Page | null> {
  const tab = owner.tab();
  let page: Page | null = null;
  try {
    page = await steps(tab);
  } catch {
    page = null;
  }
  // the last page says why the steps could not be completed
  const last = page ?? lastPage(tab);
  if (last !== null && last.status >= 500 && !EXPECTED_STATUSES.has(last.status))
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
