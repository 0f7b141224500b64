import { patience } from '@chatelaine/test-kit';
import { generateSigningKey } from '@chatelaine/crypto';
import type { Person } from '@chatelaine/constellation';
import { setTimeout as pause } from 'node:timers/promises';
import { type App, createApp } from './app.ts';
import { consent, race, redeem, stop } from './connect.ts';
import { type Moment, now } from './history.ts';
import { call, type TokenFamily, familyOf, refresh, refreshLate, present } from './token-family.ts';
import type { World } from './world.ts';

/** Stock OAuth clients at work (PROTOCOL §6), until `finish` is called. */
export interface Apps {
  readonly act: Readonly<Record<'app' | 'refresh' | 'revoke', () => Promise<void>>>;
  /** Ends the work. The last acknowledged tokens must work then, and no others. */
  finish(): Promise<void>;
}

/** Checks, for as long as it takes, that the Host refuses a token whose revocation was acknowledged. */
export type Probe = (family: Pick<TokenFamily, 'held'>, token: { accessToken: string; resource: string }) => void;

const SCOPE = 'entries.read';
const MAX_FAMILIES = 4;
const RACERS = 3;
const IDLE_MS = 40;
const KEY_SHARE = 0.25;
const RETRY_MS = 100;
const OUTCOME_WITHIN_MS = patience(30);
const ENDINGS = ['by its owner', 'by itself', 'by a replaced token'] as const;
type Ending = (typeof ENDINGS)[number];

interface State {
  readonly world: World;
  readonly probe: Probe;
  running: boolean;
  /** Families that no worker uses: a family belongs to one client, which knows which tokens it has presented. */
  readonly free: TokenFamily[];
}

let apps = 0;

export function startApps(world: World, { workers, probe }: { workers: number; probe: Probe }): Apps {
  const { random, owners } = world;
  const state: State = { world, probe, running: true, free: [] };
  const working = Array.from({ length: workers }, () => work(state));
  return {
    act: {
      app: () => connect(state, random.pick(owners)),
      refresh: () => withFamily(state, (family) => refreshOnce(world, family)),
      revoke: () => withFamily(state, (family) => end(state, family, 'by itself')),
    },
    async finish() {
      state.running = false;
      await Promise.all(working);
      await Promise.all(state.free.map((family) => checkAtEnd(state, family)));
    },
  };
}

async function work(state: State): Promise<void> {
  const { random, owners } = state.world;
  while (state.running) {
    const dice = random.next();
    if (dice < 0.1 && state.free.length < MAX_FAMILIES) await connect(state, random.pick(owners));
    else if (dice < 0.2) await withFamily(state, (family) => end(state, family, random.pick(ENDINGS)));
    else await withFamily(state, (family) => refreshAndCall(state.world, family));
    await pause(IDLE_MS);
  }
}

/** Runs `then` with a family that no other worker uses meanwhile. If none is free, makes one and does nothing else. */
async function withFamily(state: State, then: (family: TokenFamily) => Promise<'active' | 'ended'>): Promise<void> {
  const { free, world } = state;
  const [family] = free.splice(world.random.below(free.length), 1);
  if (family === undefined) return connect(state, world.random.pick(world.owners));
  if ((await then(family)) === 'active') free.push(family);
}

async function connect({ world, free }: State, owner: Person): Promise<void> {
  const { deployment, documents, random } = world;
  const { resource } = random.pick(deployment.hosts);
  const key = random.chance(KEY_SHARE) ? generateSigningKey('ES256') : null;
  const client = createApp({ name: `App ${++apps}`, am: deployment.am.url, documents, fetch: deployment.fetch, key });
  const asked = client.authorize({ resource, scope: SCOPE });
  const coded = await consent<App>(world, {
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
  if (held !== null) free.push(familyOf(world, { held, owner, resource }));
}

async function refreshAndCall(world: World, family: TokenFamily): Promise<'active' | 'ended'> {
  const { random } = world;
  const way = random.pick(['once', 'once', 'at once', 'lost', 'late'] as const);
  const outcome = way === 'late' ? await refreshLate(world, family) : await refresh(world, family, way);
  if (outcome === 'ended') return 'ended';
  await call(world, family);
  return 'active';
}

async function refreshOnce(world: World, family: TokenFamily): Promise<'active' | 'ended'> {
  return (await refresh(world, family, 'once')) === 'ended' ? 'ended' : 'active';
}

/** Ends a family in one of the possible ways, then goes on refreshing and calling, which must fail. */
async function end({ world, probe }: State, family: TokenFamily, ending: Ending): Promise<'ended'> {
  const { held, owner, resource } = family;
  // gets a young access token, which the probe can use for long enough
  if ((await refresh(world, family, 'once')) === 'ended') return 'ended';
  const { access } = family;
  const outcome = await (ending === 'by its owner'
    ? stop(world, owner, held)
    : ending === 'by itself' || refusedTokens(family).length === 0
      ? revoke(world, family)
      : presentReplaced(world, family));
  await present(world, family, family.newest);
  if (outcome === 'ok' && access !== null) probe({ held }, { accessToken: access.value, resource });
  return 'ended';
}

async function revoke(world: World, { held: { client, connection }, newest }: TokenFamily): Promise<'ok' | 'unknown'> {
  return repeatStop(world, connection, async () => {
    const { kind } = await client.revoke(newest.value);
    if (kind === 'refused') world.history.violations.push(`I9: ${connection.name} could not give its token back`);
    return kind === 'ok';
  });
}

/**
 * Presents a refresh token long after it was replaced. Such a token counts as stolen: it is refused,
 * and the connection ends.
 */
async function presentReplaced(world: World, family: TokenFamily): Promise<'ok' | 'unknown'> {
  const { connection } = family.held;
  const token = world.random.pick(refusedTokens(family));
  return repeatStop(world, connection, async () => {
    const { outcome } = await family.held.client.refresh(token.value);
    if (outcome.kind === 'ok')
      world.history.violations.push(`I2: a replaced token of ${connection.name} was accepted too late`);
    return outcome.kind === 'refused' && outcome.error === 'invalid_grant';
  });
}

const refusedTokens = ({ replaced }: TokenFamily) =>
  replaced.flatMap(({ token, refusedFrom }) => (refusedFrom < now() ? [token] : []));

/** Repeats a stop until it is acknowledged, and records it. */
async function repeatStop(
  { history }: World,
  connection: TokenFamily['held']['connection'],
  once: () => Promise<boolean>,
): Promise<'ok' | 'unknown'> {
  const begin = now();
  let isDone = await once();
  while (!isDone && within(begin)) {
    await pause(RETRY_MS);
    isDone = await once();
  }
  const outcome = isDone ? 'ok' : 'unknown';
  history.stops.push({ connection, begin, end: now(), outcome });
  return outcome;
}

/**
 * At the end, with nothing broken any more: the newest refresh token must yield a token that the Host accepts, and a
 * replaced token presented too late must only end the connection.
 */
async function checkAtEnd(state: State, family: TokenFamily): Promise<void> {
  const { world } = state;
  const { name } = family.held.connection;
  const outcome = await refresh(world, family, 'once');
  // whether it was rightly refused is for the checks to decide
  if (outcome === 'ended') return;
  const begin = now();
  let called = await call(world, family);
  while (called?.kind !== 'ok' && called?.kind !== 'refused' && within(begin)) {
    await pause(RETRY_MS);
    called = await call(world, family);
  }
  if (outcome === 'none' || called?.kind !== 'ok')
    world.history.violations.push(`I1: the newest refresh token of ${name} opens nothing`);
  else if (refusedTokens(family).length > 0) await end(state, family, 'by a replaced token');
}

const within = (begin: Moment): boolean => now() - begin < OUTCOME_WITHIN_MS;
