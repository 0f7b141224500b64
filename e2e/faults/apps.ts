import { patience } from '@chatelaine/test-kit';
import { generateSigningKey } from '@chatelaine/crypto';
import type { Person } from '@chatelaine/constellation';
import { setTimeout as pause } from 'node:timers/promises';
import { type App, createApp } from './app.ts';
import { agree, race, redeem, stop } from './connect.ts';
import { type Moment, now } from './history.ts';
import { call, type Line, lineOf, refresh, refreshLate, show } from './line.ts';
import type { World } from './world.ts';

/** Stock OAuth clients at work (PROTOCOL §6), until `finish` is called. */
export interface Apps {
  readonly act: Readonly<Record<'app' | 'refresh' | 'revoke', () => Promise<void>>>;
  /** Ends the work. The last acknowledged tokens must work then, and no others. */
  finish(): Promise<void>;
}

/** Checks, for as long as it takes, that the Host refuses a token whose revocation was acknowledged. */
export type Probe = (line: Pick<Line, 'held'>, token: { accessToken: string; resource: string }) => void;

const SCOPE = 'entries.read';
const MOST_HELD = 4;
const RACERS = 3;
const IDLE_MS = 40;
const KEY_SHARE = 0.25;
const AGAIN_MS = 100;
const KNOWS_WITHIN_MS = patience(30);
const ENDINGS = ['by its owner', 'by itself', 'by a copy that comes late'] as const;
type Ending = (typeof ENDINGS)[number];

interface State {
  readonly world: World;
  readonly probe: Probe;
  going: boolean;
  /** Lines that no worker uses: a line belongs to one client, which knows which tokens it has presented. */
  readonly free: Line[];
}

let apps = 0;

export function startApps(world: World, { workers, probe }: { workers: number; probe: Probe }): Apps {
  const { random, owners } = world;
  const state: State = { world, probe, going: true, free: [] };
  const working = Array.from({ length: workers }, () => work(state));
  return {
    act: {
      app: () => connect(state, random.pick(owners)),
      refresh: () => withLine(state, (line) => refreshOnce(world, line)),
      revoke: () => withLine(state, (line) => end(state, line, 'by itself')),
    },
    async finish() {
      state.going = false;
      await Promise.all(working);
      await Promise.all(state.free.map((line) => prove(state, line)));
    },
  };
}

async function work(state: State): Promise<void> {
  const { random, owners } = state.world;
  while (state.going) {
    const dice = random.next();
    if (dice < 0.1 && state.free.length < MOST_HELD) await connect(state, random.pick(owners));
    else if (dice < 0.2) await withLine(state, (line) => end(state, line, random.pick(ENDINGS)));
    else await withLine(state, (line) => turn(state.world, line));
    await pause(IDLE_MS);
  }
}

/** Runs `then` with a line that no other worker uses meanwhile. If none is free, makes one and does nothing else. */
async function withLine(state: State, then: (line: Line) => Promise<'goes on' | 'over'>): Promise<void> {
  const { free, world } = state;
  const [line] = free.splice(world.random.below(free.length), 1);
  if (line === undefined) return connect(state, world.random.pick(world.owners));
  if ((await then(line)) === 'goes on') free.push(line);
}

async function connect({ world, free }: State, owner: Person): Promise<void> {
  const { deployment, documents, random } = world;
  const { resource } = random.pick(deployment.hosts);
  const key = random.chance(KEY_SHARE) ? generateSigningKey('ES256') : null;
  const client = createApp({ name: `App ${++apps}`, am: deployment.am.url, documents, fetch: deployment.fetch, key });
  const asked = client.authorize({ resource, scope: SCOPE });
  const coded = await agree<App>(world, {
    client,
    owner,
    ...asked,
    answer: (tab) => tab.press('allow', key === null ? { bearer: true } : {}),
  });
  if (coded === null) return;
  if (random.chance(0.25)) {
    await race(world, coded, RACERS);
    return;
  }
  const held = await redeem(world, coded);
  if (held !== null) free.push(lineOf(world, { held, owner, resource }));
}

async function turn(world: World, line: Line): Promise<'goes on' | 'over'> {
  const { random } = world;
  const way = random.pick(['once', 'once', 'at once', 'lost', 'late'] as const);
  const came = way === 'late' ? await refreshLate(world, line) : await refresh(world, line, way);
  if (came === 'over') return 'over';
  await call(world, line);
  return 'goes on';
}

async function refreshOnce(world: World, line: Line): Promise<'goes on' | 'over'> {
  return (await refresh(world, line, 'once')) === 'over' ? 'over' : 'goes on';
}

/** Ends a line in one of the possible ways, then goes on refreshing and calling, which must fail. */
async function end({ world, probe }: State, line: Line, ending: Ending): Promise<'over'> {
  const { held, owner, resource } = line;
  // gets a young access token, which the probe can use for long enough
  if ((await refresh(world, line, 'once')) === 'over') return 'over';
  const { access } = line;
  const outcome = await (ending === 'by its owner'
    ? stop(world, owner, held)
    : ending === 'by itself' || lateCopies(line).length === 0
      ? revoke(world, line)
      : showCopy(world, line));
  await show(world, line, line.newest);
  if (outcome === 'ok' && access !== null) probe({ held }, { accessToken: access.value, resource });
  return 'over';
}

async function revoke(world: World, { held: { client, connection }, newest }: Line): Promise<'ok' | 'unknown'> {
  return stopped(world, connection, async () => {
    const { kind } = await client.revoke(newest.value);
    if (kind === 'refused') world.history.violations.push(`I9: ${connection.name} could not give its token back`);
    return kind === 'ok';
  });
}

/**
 * Presents a refresh token long after it was replaced. Such a token counts as a copy in the wrong hands: it is refused,
 * and the connection ends.
 */
async function showCopy(world: World, line: Line): Promise<'ok' | 'unknown'> {
  const { connection } = line.held;
  const copy = world.random.pick(lateCopies(line));
  return stopped(world, connection, async () => {
    const { outcome } = await line.held.client.refresh(copy.value);
    if (outcome.kind === 'ok') world.history.violations.push(`I2: a copy of ${connection.name} was served too late`);
    return outcome.kind === 'refused' && outcome.error === 'invalid_grant';
  });
}

const lateCopies = ({ copies }: Line) => copies.flatMap(({ token, lateFrom }) => (lateFrom < now() ? [token] : []));

/** Repeats a stop until it is acknowledged, and records it. */
async function stopped(
  { history }: World,
  connection: Line['held']['connection'],
  once: () => Promise<boolean>,
): Promise<'ok' | 'unknown'> {
  const begin = now();
  let isDone = await once();
  while (!isDone && within(begin)) {
    await pause(AGAIN_MS);
    isDone = await once();
  }
  const outcome = isDone ? 'ok' : 'unknown';
  history.stops.push({ connection, begin, end: now(), outcome });
  return outcome;
}

/**
 * At the end, with nothing broken any more: the newest refresh token must yield a token that the Host accepts, and a
 * copy presented late must only end the connection.
 */
async function prove(state: State, line: Line): Promise<void> {
  const { world } = state;
  const { name } = line.held.connection;
  const came = await refresh(world, line, 'once');
  // whether it was rightly refused is for the checks to decide
  if (came === 'over') return;
  const begin = now();
  let opened = await call(world, line);
  while (opened?.kind !== 'ok' && opened?.kind !== 'refused' && within(begin)) {
    await pause(AGAIN_MS);
    opened = await call(world, line);
  }
  if (came === 'none' || opened?.kind !== 'ok')
    world.history.violations.push(`I1: the newest refresh token of ${name} opens nothing`);
  else if (lateCopies(line).length > 0) await end(state, line, 'by a copy that comes late');
}

const within = (begin: Moment): boolean => now() - begin < KNOWS_WITHIN_MS;
