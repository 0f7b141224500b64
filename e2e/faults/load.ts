import { patience } from '@chatelaine/test-kit';
import { addHost, type Person } from '@chatelaine/constellation';
import { setTimeout as pause } from 'node:timers/promises';
import type { App } from './app.ts';
import { type Apps, startApps } from './apps.ts';
import { adopt, chooseOldTerms, CHOSEN_TERMS, offerOther, answerOffer } from './agreements.ts';
import { browse, type Held, obtainCode, race, redeem, stop } from './connect.ts';
import { now } from './history.ts';
import type { World } from './world.ts';

/** Clients at work, until `finish` is called. */
export interface Load {
  /** Does one of these things now; each can be left half done by a fault. */
  readonly act: Readonly<Record<'transfer' | 'connect' | 'sign' | 'offer' | 'stop' | 'link', () => Promise<void>>> &
    Apps['act'];
  /** Stops something while nothing is broken, and waits until the Hosts refuse it. */
  stopWithoutFaults(): Promise<void>;
  /** Ends the work and waits until the outcome of every request is known. */
  finish(): Promise<void>;
}

const SCOPE = 'entries.read';
const MAX_CONNECTIONS = 6;
const RACERS = 3;
const IDLE_MS = 40;
/** How long revocations may take to reach a Host while things are broken: PROTOCOL §7, and retries. */
const REVOKED_WITHIN_MS = patience(60);
const POLL_MS = 100;

/** Starts workers for each owner, one more that makes links, and `apps` stock clients. */
export function startLoad(world: World, { workersEach = 1, apps: wanted = 1 } = {}): Load {
  const { random, owners } = world;
  const state: State = {
    world,
    running: true,
    probes: [],
    offering: new Set(),
    held: new Map(owners.map((owner) => [owner, []])),
  };
  const workers = owners.flatMap((owner) => Array.from({ length: workersEach }, () => work(state, owner)));
  const links = makeLinks(state);
  const apps = startApps(world, {
    workers: wanted,
    probe: ({ held }, token) => void state.probes.push(probe(world, held, token)),
  });
  // a caller that waits for a process to die does not wait for the request that killed it
  const started = new Set<Promise<void>>();
  const act = (work: () => Promise<void>) => async (): Promise<void> => {
    const working = work().finally(() => started.delete(working));
    started.add(working);
    return working;
  };
  return {
    act: {
      app: act(apps.act.app),
      refresh: act(apps.act.refresh),
      revoke: act(apps.act.revoke),
      transfer: act(() => transferAndCall(state, random.pick(owners))),
      connect: act(() => connect(state, random.pick(owners))),
      sign: act(() => connect(state, random.pick(owners), 'to sign')),
      offer: act(() => offer(state, random.pick(owners))),
      stop: act(() => stopOne(state, random.pick(owners))),
      link: act(() => link(state)),
    },
    async stopWithoutFaults() {
      for (const owner of owners) await stopOne(state, owner);
      await Promise.all(state.probes);
    },
    async finish() {
      state.running = false;
      await Promise.all([...workers, links, ...started]);
      await apps.finish();
      await Promise.all(state.probes);
    },
  };
}

interface State {
  readonly world: World;
  running: boolean;
  readonly held: Map<Person, Held[]>;
  /** Connections to which their owner is offering other terms. */
  readonly offering: Set<Held>;
  /** Pending checks that Hosts refuse what was stopped. */
  readonly probes: Promise<void>[];
}

async function work(state: State, owner: Person): Promise<void> {
  const { random } = state.world;
  while (state.running) {
    const dice = random.next();
    if (dice < 0.1) await connect(state, owner);
    else if (dice < 0.16) await stopOne(state, owner);
    else if (dice < 0.22) await offer(state, owner);
    else if (dice < 0.24) await adoptForAll(state, owner);
    else await transferAndCall(state, owner);
    await pause(IDLE_MS);
  }
}

async function makeLinks(state: State): Promise<void> {
  while (state.running) {
    await link(state);
    await pause(10 * IDLE_MS);
  }
}

async function connect(state: State, owner: Person, what: 'anything' | 'to sign' = 'anything'): Promise<void> {
  const { world, held } = state;
  const mine = held.get(owner) ?? [];
  if (mine.length >= MAX_CONNECTIONS) return stopOne(state, owner);
  const { random } = world;
  const coded = await obtainCode(world, owner, what === 'to sign' ? {} : random.pick(CHOSEN_TERMS));
  if (coded === null) return;
  if (what === 'anything' && random.chance(0.25)) {
    await race(world, coded, RACERS);
    return;
  }
  const one = await redeem(world, coded);
  if (one === null) return;
  // otherwise it acts like a Requester that died in between and restarted: its first transfer tells it what to sign
  if (what === 'to sign' || random.chance(0.5)) await answerOffer(world, one, random.pick(DECISIONS));
  mine.push(one);
}

async function transferAndCall(state: State, owner: Person): Promise<void> {
  const { world, held } = state;
  const mine = held.get(owner) ?? [];
  if (mine.length === 0) return connect(state, owner);
  const one = world.random.pick(mine);
  const { connection, client } = one;
  const { resource } = world.random.pick(world.deployment.hosts);
  const seen = await client.transfer({ accessToken: connection.token, resource, scope: SCOPE });
  world.history.transfers.push({ ...seen, connection, resource });
  if (seen.outcome.kind === 'refused') {
    if (seen.outcome.error === 'terms_required') await answerOffer(world, one, world.random.pick(DECISIONS));
    if (seen.outcome.error === 'access_denied') await offerTo(state, owner, one);
  }
  if (seen.outcome.kind !== 'ok') return;
  const call = await client.call({
    accessToken: String(seen.outcome.json['access_token']),
    url: `${resource}/entries`,
  });
  const expiresIn = Number(seen.outcome.json['expires_in']);
  world.history.calls.push({ ...call, connection, resource, handedOut: seen.end, expiresIn });
}

/** What a Requester does about an offer. */
const DECISIONS = ['accepted', 'accepted', 'accepted', 'both', 'declined'] as const;

async function offer(state: State, owner: Person): Promise<void> {
  const mine = state.held.get(owner) ?? [];
  return mine.length === 0 ? connect(state, owner) : offerTo(state, owner, state.world.random.pick(mine));
}

/** One offer at a time for each connection, since otherwise the last of them could not be determined. */
async function offerTo({ world, offering }: State, owner: Person, one: Held): Promise<void> {
  if (offering.has(one)) return;
  offering.add(one);
  await offerOther(world, owner, one).finally(() => offering.delete(one));
}

async function adoptForAll({ world }: State, owner: Person): Promise<void> {
  await adopt(world, owner);
  await chooseOldTerms(world);
}

/** Stops a connection, then goes on requesting and calling with it, which must fail. */
async function stopOne(state: State, owner: Person): Promise<void> {
  const { world, held } = state;
  const mine = held.get(owner) ?? [];
  const [one] = mine.splice(0, 1);
  if (one === undefined) return;
  const { connection, client } = one;
  const host = world.random.pick(world.deployment.hosts);
  const { resource } = host;
  const last = await client.transfer({ accessToken: connection.token, resource, scope: SCOPE });
  world.history.transfers.push({ ...last, connection, resource });
  const outcome = await stop(world, owner, one);
  const after = await client.transfer({ accessToken: connection.token, resource, scope: SCOPE });
  world.history.transfers.push({ ...after, connection, resource });
  if (outcome === 'ok' && last.outcome.kind === 'ok')
    state.probes.push(probe(world, one, { accessToken: String(last.outcome.json['access_token']), resource }));
}

/** Calls with a token whose connection was stopped, until the Host refuses it. */
async function probe(
  world: World,
  { client }: Held | Held<App>,
  token: { accessToken: string; resource: string },
): Promise<void> {
  const begin = now();
  while (now() - begin < REVOKED_WITHIN_MS) {
    const { outcome, end } = await client.call({ accessToken: token.accessToken, url: `${token.resource}/entries` });
    if (outcome.kind === 'refused') {
      world.history.refusals.push({ begin, end, resource: token.resource });
      return;
    }
    await pause(POLL_MS);
  }
  world.history.violations.push(`${token.resource} took a token for ${REVOKED_WITHIN_MS / 1_000} s after its stop`);
}

/** Makes a link, and usually ends it again. */
async function link({ world }: State): Promise<void> {
  const { deployment, linker, history, random } = world;
  const host = random.pick(deployment.hosts);
  const page = await browse(world, linker, (tab) => addHost(tab, { am: deployment.am, host }));
  const id = page?.url.searchParams.get('made');
  if (id === null || id === undefined) return;
  history.links.push({ id, owner: linker.username, host: host.name });
}
