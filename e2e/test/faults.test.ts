import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { crashPostgres, dieAt, killAndRestart } from '../faults/crashes.ts';
import { type Load, startLoad } from '../faults/load.ts';
import { createRandom } from '../faults/random.ts';
import { counts, settleAndCheck } from '../faults/run.ts';
import { openWorld, type World } from '../faults/world.ts';

// Things break under load, and afterwards nothing is lost, doubled or left over. A failure is told with its seed: FAULTS_SEED=<seed> breaks the
// same things in the same order. `pnpm soak` does this for as long as one likes.

const seed = Number(process.env['FAULTS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const AM_POINTS = [
  ['transfer.begun', 'transfer'],
  ['transfer.answered', 'transfer'],
  ['transfer.completed', 'transfer'],
  ['consent.written', 'connect'],
  ['code.redeemed', 'connect'],
  ['stop.committed', 'stop'],
  ['link.answered', 'link'],
] as const;
const HOST_POINTS = [
  ['transfer.minted', 'transfer'],
  ['link.issued', 'link'],
  ['end.committed', 'stop'],
] as const;
const RANDOM_KILLS = 4;

let world: World;
let load: Load;

beforeAll(async () => {
  world = await openWorld({ label: 'faults', random: createRandom(seed) });
  load = startLoad(world);
}, 60_000);

afterAll(async () => {
  await world?.close();
}, 60_000);

describe(`things break under load (FAULTS_SEED=${seed})`, () => {
  test('every process dies at every point where something is half done', async () => {
    const [first, second] = world.house.am.processes;
    const [host] = world.house.hosts[0]?.processes ?? [];
    if (first === undefined || second === undefined || host === undefined) throw new Error('a process is missing');
    const inOrder = async (process: typeof first, points: readonly (readonly [string, keyof Load['act']])[]) => {
      for (const [failpoint, act] of points) await dieAt(world, { process, failpoint, trigger: load.act[act] });
    };
    await Promise.all([
      inOrder(first, AM_POINTS.slice(0, 4)),
      inOrder(second, AM_POINTS.slice(4)),
      inOrder(host, HOST_POINTS),
    ]);
    expect(world.history.faults).toHaveLength(AM_POINTS.length + HOST_POINTS.length);
  }, 60_000);

  test('processes of the AM and Hosts are killed at any moment, and the database crashes', async () => {
    const { house, random } = world;
    const processes = [...house.am.processes, ...house.hosts.flatMap((host) => host.processes)];
    for (let kill = 0; kill < RANDOM_KILLS; kill++) {
      await killAndRestart(world, random.pick(processes));
      if (kill === 1) await crashPostgres(world, random.below(500));
    }
  }, 60_000);

  test('afterwards: acknowledged is kept, ended is ended, nothing is double, orphaned or unaccounted for', async () => {
    await load.finish();
    const { violations } = await settleAndCheck(world);
    expect(violations).toEqual([]);
    // a run in which nothing happened proves nothing
    const done = counts(world);
    expect(done['transfers handed out']).toBeGreaterThan(20);
    expect(done['connections']).toBeGreaterThan(3);
    expect(done['stops']).toBeGreaterThan(0);
    expect(done['links']).toBeGreaterThan(0);
    expect(done['raced or repeated codes']).toBeGreaterThan(0);
  }, 120_000);
});
