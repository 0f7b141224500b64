import type { ServiceProcess } from '@chatelaine/constellation';
import { raceAdoptions } from './agreements.ts';
import { obtainCode, race } from './connect.ts';
import { crashPostgres, crashAt, killAndRestart } from './crashes.ts';
import { now } from './history.ts';
import { type Load, startLoad } from './load.ts';
import { type Measured, measure } from './measure.ts';
import { AM_POINTS, APP_POINTS, HOST_POINTS } from './points.ts';
import { createRandom } from './random.ts';
import { settleAndCheck } from './run.ts';
import { raceStops } from './stops.ts';
import { openWorld, type World } from './world.ts';

/** One deployment, in which things break until one of the bounds is reached, and which is then checked. */
export interface SessionOptions {
  readonly seed: number;
  readonly label: string;
  readonly minutes: number;
  readonly kills: number;
  readonly crashes: number;
  /** Codes that are redeemed many times at once, before anything is broken. */
  readonly races: number;
  /** Connections that are stopped during a hundred transfers, before anything is broken. */
  readonly stops: number;
  /** New versions of terms that are adopted during many transfers, before anything is broken. */
  readonly adoptions: number;
  readonly tell: (line: string) => void;
}

const AMS = 3;
const APPS = 2;
const RACERS = 50;
const CRASH_SHARE = 0.1;
const FAILPOINT_SHARE = 0.25;
/** After this many rounds, a pause without faults, in which is measured what holds when nothing is broken. */
const PAUSE_EVERY = 5;
const MAX_DOWN_MS = 1_000;

export async function runSession(options: SessionOptions): Promise<Measured> {
  const random = createRandom(options.seed);
  const world = await openWorld({ label: options.label, random, ams: AMS, owners: 3 });
  const measured = await raceThenBreak(world, options).catch(async (error: unknown) => {
    // the first error matters more than one in closing
    await world.close().catch(console.error);
    throw error;
  });
  await world.close();
  return measured;
}

async function raceThenBreak(world: World, options: SessionOptions): Promise<Measured> {
  const until = now() + options.minutes * 60_000;
  await raceCodes(world, options, until);
  await raceStops(world, { ...options, until });
  await raceAdoptions(world, { ...options, until });
  if (options.kills + options.crashes > 0) {
    const load = startLoad(world, { apps: APPS });
    await injectFaults(world, load, { ...options, until });
    await load.finish();
  }
  return measure(world, await settleAndCheck(world));
}

/** Sends each code many times at once, over all processes of the AM. */
async function raceCodes(world: World, { races, tell }: SessionOptions, until: number): Promise<void> {
  let sent = 0;
  for (let round = 0; sent < races && now() < until; round++) {
    const coded = await obtainCode(world, world.random.pick(world.owners));
    if (coded === null) continue;
    sent += (await race(world, coded, RACERS)).length;
    if (round % 20 === 19) tell(`${sent} redemptions raced`);
  }
}

async function injectFaults(
  world: World,
  load: Load,
  { kills, crashes, until, tell }: SessionOptions & { until: number },
): Promise<void> {
  const { deployment, random, history } = world;
  const hosts = deployment.hosts.flatMap(({ processes }) => processes);
  const processes = [...deployment.am.processes, ...hosts];
  const done = (what: string): number => history.faults.filter((fault) => fault.what.startsWith(what)).length;
  for (let round = 1; now() < until; round++) {
    const mayKill = done('kill') < kills;
    const mayCrash = done('crash') < crashes;
    if (!mayKill && !mayCrash) return;
    if (mayCrash && (!mayKill || random.chance(CRASH_SHARE))) await crashPostgres(world, random.below(MAX_DOWN_MS));
    else if (random.chance(FAILPOINT_SHARE)) await crashAtAnyPoint(world, load, random.pick(processes));
    else await killAndRestart(world, random.pick(processes));
    if (round % PAUSE_EVERY === 0) await load.stopWithoutFaults();
    if (round % 20 === 0)
      tell(`${done('kill')} kills, ${done('crash')} crashes, ${history.transfers.length} transfers`);
  }
}

async function crashAtAnyPoint(world: World, load: Load, process: ServiceProcess): Promise<void> {
  const isAm = world.deployment.am.processes.includes(process);
  const [failpoint, act] = world.random.pick<readonly [string, keyof Load['act']]>(
    isAm ? [...AM_POINTS, ...APP_POINTS] : HOST_POINTS,
  );
  await crashAt(world, process, [{ failpoint, trigger: load.act[act] }]);
}
