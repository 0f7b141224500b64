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
export interface Line {
  readonly held: Held<App>;
  readonly owner: Person;
  readonly resource: string;
  newest: RefreshToken;
  /** The token from which `last` was obtained. */
  before: RefreshToken | null;
  /** The token from which `newest` was obtained. */
  last: RefreshToken | null;
  /** Tokens that were replaced and are no longer accepted after `lateFrom`: copies that somebody might have kept. */
  readonly copies: { readonly token: RefreshToken; readonly lateFrom: Moment }[];
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
const KNOWS_WITHIN_MS = patience(30);
const AGAIN_MS = 100;

export function lineOf(world: World, input: Pick<Line, 'held' | 'owner' | 'resource'>): Line {
  const { token } = input.held.connection;
  const line: Line = { ...input, newest: fresh(token), before: null, last: null, copies: [], access: null };
  keepAccess(line, { end: now(), json: input.held.answer });
  return line;
}

/**
 * Refreshes as stock clients do: once, twice at once, or again because the response was lost; and with the same token
 * again while a fault is in the way, until the outcome is known. `over` when the connection has ended, or may have.
 */
export async function refresh(
  world: World,
  line: Line,
  way: 'once' | 'at once' | 'lost',
): Promise<'served' | 'none' | 'over'> {
  const token = line.newest;
  const given: string[] = [];
  let answered = 0;
  for (const deadline = now() + KNOWS_WITHIN_MS; given.length < (way === 'lost' ? 2 : 1) && now() < deadline; ) {
    const answers = await Promise.all(
      Array.from({ length: way === 'at once' ? 2 : 1 }, () => show(world, line, token)),
    );
    if (answers.some(isOver)) return over(world, line);
    for (const { end, outcome } of answers) {
      if (outcome.kind !== 'ok') continue;
      keepAccess(line, { end, json: outcome.json });
      answered = Math.max(answered, end);
      const successor = outcome.json['refresh_token'];
      given.push(typeof successor === 'string' ? successor : token.value);
    }
    if (given.length === 0) await pause(AGAIN_MS);
  }
  const next = given.pop();
  if (next === undefined) return 'none';
  if (given.some((other) => other !== next)) twoLines(world, line);
  if (next !== token.value) moveOn(line, { next, answered });
  return 'served';
}

/** Presents the token before the last one, as a slow request would, and gets the current successor. */
export async function refreshLate(world: World, line: Line): Promise<'served' | 'none' | 'over'> {
  const { before, newest } = line;
  if (before === null || before.servedUntil - now() < LEFT_MS) return 'none';
  const isUnused = newest.servedUntil === Number.POSITIVE_INFINITY;
  const late = await show(world, line, before);
  if (isOver(late)) return over(world, line);
  const { end, outcome } = late;
  if (outcome.kind !== 'ok') return 'none';
  keepAccess(line, { end, json: outcome.json });
  const given = String(outcome.json['refresh_token']);
  if (given === newest.value) return 'served';
  // the newest token may have been replaced by a request whose response was lost
  if (isUnused) twoLines(world, line);
  else moveOn(line, { next: given, answered: end });
  return 'served';
}

function moveOn(line: Line, { next, answered }: { next: string; answered: Moment }): void {
  line.copies.push({ token: line.newest, lateFrom: answered + GRACE_MS + LEFT_MS });
  line.before = line.last;
  line.last = line.newest;
  line.newest = fresh(next);
}

function twoLines({ history }: World, { held: { connection } }: Line): void {
  history.violations.push(`I2: ${connection.name} has two lines of refresh tokens`);
}

/** Presents a refresh token, and records the outcome. */
export async function show(world: World, { held }: Line, token: RefreshToken): Promise<Seen> {
  const { client, connection } = held;
  if (client.key === null) token.servedUntil = Math.min(token.servedUntil, now() + GRACE_MS);
  const seen = await client.refresh(token.value);
  world.history.refreshes.push({ ...seen, connection, servedUntil: token.servedUntil });
  return seen;
}

/** Calls the Host with the access token that was handed out last. */
export async function call(world: World, { held, resource, access }: Line): Promise<Outcome | null> {
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
function isOver({ begin, end, outcome }: Seen): boolean {
  return outcome.kind === 'refused' || (outcome.kind === 'unknown' && end - begin >= PATIENCE_MS - AGAIN_MS);
}

/** Records that the line has ended, or may have; whether it should have is for the checks to decide. */
function over({ history }: World, { held: { connection } }: Line): 'over' {
  const at = now();
  history.stops.push({ connection, begin: at, end: at, outcome: 'unknown' });
  return 'over';
}

function keepAccess(line: Line, { end, json }: { end: Moment; json: Readonly<Record<string, unknown>> }): void {
  line.access = { value: String(json['access_token']), handedOut: end, expiresIn: Number(json['expires_in']) };
}

const fresh = (value: string): RefreshToken => ({ value, servedUntil: Number.POSITIVE_INFINITY });
