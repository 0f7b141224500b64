import { patience } from '@chatelaine/test-kit';
import type { Person } from '@chatelaine/constellation';
import { LIFETIME } from '@chatelaine/protocol';
import { setTimeout as pause } from 'node:timers/promises';
import type { App } from './app.ts';
import type { Held } from './connect.ts';
import { type Moment, now, type Outcome, type Seen } from './history.ts';
import { PATIENCE_MS } from './requester.ts';
import type { World } from './world.ts';

/** A stock client's tokens of one connection: the newest refresh token, earlier ones, and the last access token. */
export interface TokenFamily {
  readonly held: Held<App>;
  readonly owner: Person;
  readonly resource: string;
  newest: RefreshToken;
  /** The token from which `last` was obtained. */
  before: RefreshToken | null;
  /** The token from which `newest` was obtained. */
  last: RefreshToken | null;
  /** Replaced tokens, each refused after `refusedFrom`, as if somebody had stolen it. */
  readonly replaced: { readonly token: RefreshToken; readonly refusedFrom: Moment }[];
  /** The Host's token that was handed out last. `expiresIn` in seconds. */
  access: { readonly value: string; readonly handedOut: Moment; readonly expiresIn: number } | null;
}

export interface RefreshToken {
  readonly value: string;
  /** See Refresh.servedUntil. */
  servedUntil: Moment;
}

/**
 * A token that was replaced is accepted for as long as the access token lives that came with its successor, which at
 * these Hosts is at most this long.
 */
const GRACE_MS = LIFETIME.hostBearerToken * 1_000;
/** How much of that time must be left for a replaced token to be presented once more on purpose. */
const LEFT_MS = 2 * PATIENCE_MS;
const OUTCOME_WITHIN_MS = patience(30);
const RETRY_MS = 100;

export function familyOf(world: World, input: Pick<TokenFamily, 'held' | 'owner' | 'resource'>): TokenFamily {
  const { token } = input.held.connection;
  const family: TokenFamily = { ...input, newest: fresh(token), before: null, last: null, replaced: [], access: null };
  storeAccessToken(family, { end: now(), json: input.held.answer });
  return family;
}

/**
 * Refreshes as stock clients do: once, twice at once, or again because the response was lost; and with the same token
 * again while a fault is in the way, until the outcome is known. `ended` when the connection has ended, or may have.
 */
export async function refresh(
  world: World,
  family: TokenFamily,
  way: 'once' | 'at once' | 'lost',
): Promise<'served' | 'none' | 'ended'> {
  const token = family.newest;
  const given: string[] = [];
  let answered = 0;
  for (const deadline = now() + OUTCOME_WITHIN_MS; given.length < (way === 'lost' ? 2 : 1) && now() < deadline; ) {
    const answers = await Promise.all(
      Array.from({ length: way === 'at once' ? 2 : 1 }, () => present(world, family, token)),
    );
    if (answers.some(hasEnded)) return recordEnd(world, family);
    for (const { end, outcome } of answers) {
      if (outcome.kind !== 'ok') continue;
      storeAccessToken(family, { end, json: outcome.json });
      answered = Math.max(answered, end);
      const successor = outcome.json['refresh_token'];
      given.push(typeof successor === 'string' ? successor : token.value);
    }
    if (given.length === 0) await pause(RETRY_MS);
  }
  const next = given.pop();
  if (next === undefined) return 'none';
  if (given.some((other) => other !== next)) reportFork(world, family);
  if (next !== token.value) advance(family, { next, answered });
  return 'served';
}

/** Presents the token before the last one, as a slow request would, and gets the current successor. */
export async function refreshLate(world: World, family: TokenFamily): Promise<'served' | 'none' | 'ended'> {
  const { before, newest } = family;
  if (before === null || before.servedUntil - now() < LEFT_MS) return 'none';
  const isUnused = newest.servedUntil === Number.POSITIVE_INFINITY;
  const late = await present(world, family, before);
  if (hasEnded(late)) return recordEnd(world, family);
  const { end, outcome } = late;
  if (outcome.kind !== 'ok') return 'none';
  storeAccessToken(family, { end, json: outcome.json });
  const given = String(outcome.json['refresh_token']);
  if (given === newest.value) return 'served';
  // the newest token may have been replaced by a request whose response was lost
  if (isUnused) reportFork(world, family);
  else advance(family, { next: given, answered: end });
  return 'served';
}

function advance(family: TokenFamily, { next, answered }: { next: string; answered: Moment }): void {
  family.replaced.push({ token: family.newest, refusedFrom: answered + GRACE_MS + LEFT_MS });
  family.before = family.last;
  family.last = family.newest;
  family.newest = fresh(next);
}

function reportFork({ history }: World, { held: { connection } }: TokenFamily): void {
  history.violations.push(`I2: ${connection.name} has two families of refresh tokens`);
}

/** Presents a refresh token, and records the outcome. */
export async function present(world: World, { held }: TokenFamily, token: RefreshToken): Promise<Seen> {
  const { client, connection } = held;
  if (client.key === null) token.servedUntil = Math.min(token.servedUntil, now() + GRACE_MS);
  const seen = await client.refresh(token.value);
  world.history.refreshes.push({ ...seen, connection, servedUntil: token.servedUntil });
  return seen;
}

/** Calls the Host with the access token that was handed out last. */
export async function call(world: World, { held, resource, access }: TokenFamily): Promise<Outcome | null> {
  if (access === null) return null;
  const { client, connection } = held;
  const { value: accessToken, handedOut, expiresIn } = access;
  const seen = await client.call({ accessToken, url: `${resource}/entries` });
  world.history.calls.push({ ...seen, connection, resource, handedOut, expiresIn });
  return seen.outcome;
}

/**
 * Refused; or so slow that the request may still be under way, and would look like a thief's if it arrived after its
 * successors were used.
 */
function hasEnded({ begin, end, outcome }: Seen): boolean {
  return outcome.kind === 'refused' || (outcome.kind === 'unknown' && end - begin >= PATIENCE_MS - RETRY_MS);
}

/** Records that the family has ended, or may have; whether it should have is for the checks to decide. */
function recordEnd({ history }: World, { held: { connection } }: TokenFamily): 'ended' {
  const at = now();
  history.stops.push({ connection, begin: at, end: at, outcome: 'unknown' });
  return 'ended';
}

function storeAccessToken(
  family: TokenFamily,
  { end, json }: { end: Moment; json: Readonly<Record<string, unknown>> },
): void {
  family.access = { value: String(json['access_token']), handedOut: end, expiresIn: Number(json['expires_in']) };
}

const fresh = (value: string): RefreshToken => ({ value, servedUntil: Number.POSITIVE_INFINITY });
