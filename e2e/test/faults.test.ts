import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { crashPostgres, crashAt, killAndRestart } from '../faults/crashes.ts';
import { type Load, startLoad } from '../faults/load.ts';
import { AM_POINTS, HOST_POINTS } from '../faults/points.ts';
import { checkHistory, REVOKED_WITHIN_MS } from '../faults/check-history.ts';
import { checkTables } from '../faults/check-tables.ts';
import { createHistory } from '../faults/history.ts';
import { createRandom } from '../faults/random.ts';
import { counts, settleAndCheck } from '../faults/run.ts';
import { openWorld, type World } from '../faults/world.ts';
import { eventually } from '@chatelaine/test-kit';
import { DAMAGED } from './faults/damaged.ts';

// Things break under load, and afterwards nothing is lost, duplicated or left over. A failure names its seed:
// FAULTS_SEED=<seed> breaks the same things in the same order. `pnpm soak` does this for as long as you like.

const seed = Number(process.env['FAULTS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const RANDOM_KILLS = 4;
const ENOUGH = {
  'transfers handed out': 21,
  'refreshes served': 10,
  connections: 4,
  stops: 1,
  links: 1,
  'answers to terms': 3,
  offers: 2,
  'raced or repeated codes': 1,
};

let world: World;
let load: Load;

beforeAll(async () => {
  world = await openWorld({ label: 'faults', random: createRandom(seed) });
  load = startLoad(world);
});

afterAll(async () => {
  await world?.close();
});

describe(`things break under load (FAULTS_SEED=${seed})`, () => {
  test('every process dies at every point where something is half done', async () => {
    const [first, second] = world.deployment.am.processes;
    const [host] = world.deployment.hosts[0]?.processes ?? [];
    if (first === undefined || second === undefined || host === undefined) throw new Error('a process is missing');
    const inOrder = async (process: typeof first, points: readonly (readonly [string, keyof Load['act']])[]) => {
      await crashAt(
        world,
        process,
        points.map(([failpoint, act]) => ({ failpoint, trigger: load.act[act] })),
      );
    };
    await Promise.all([
      inOrder(first, AM_POINTS.slice(0, 6)),
      inOrder(second, AM_POINTS.slice(6)),
      inOrder(host, HOST_POINTS),
    ]);
    const deaths = world.history.faults.filter(({ what }) => what.includes(' at '));
    expect(deaths).toHaveLength(AM_POINTS.length + HOST_POINTS.length);
  });

  test('processes of the AM and Hosts are killed at any moment, and the database crashes', async () => {
    const { deployment, random } = world;
    const processes = [...deployment.am.processes, ...deployment.hosts.flatMap((host) => host.processes)];
    for (let kill = 0; kill < RANDOM_KILLS; kill++) {
      await killAndRestart(world, random.pick(processes));
      if (kill === 1) await crashPostgres(world, random.below(500));
    }
  });

  test('afterwards: acknowledged is kept, ended is ended, nothing is double, orphaned or unaccounted for', async () => {
    // a run in which nothing happened proves nothing, and how much happens depends on the machine and on chance
    const enough = async () => Object.entries(ENOUGH).filter(([what, least]) => (counts(world)[what] ?? 0) < least);
    await eventually(enough, { until: (missing) => missing.length === 0 });
    await load.finish();
    const { violations } = await settleAndCheck(world);
    expect(violations).toEqual([]);
  });
});

// last, because these leave the deployment with damaged tables
describe('the checks find what they are for', () => {
  test.each(DAMAGED)('in the tables: %s', async (_name, damage, finding) => {
    const { deployment, history } = world;
    const count = async () => (await checkTables(deployment, history)).filter((found) => finding.test(found)).length;
    const before = await count();
    // with the service's own role, so that its triggers find its tables
    await deployment.database.query(damage.includes('photos.') ? 'photos' : 'am', damage);
    expect(await count()).toBeGreaterThan(before);
  });

  test('in the history: every answer, given or refused, that breaks a promise', () => {
    const { history } = world;
    const [connection] = history.connections;
    const stop = history.stops.find(({ outcome }) => outcome === 'ok');
    if (connection === undefined || stop === undefined) throw new Error('nothing happened');
    const ok = { kind: 'ok', json: {} } as const;
    const refused = { kind: 'refused', status: 400, error: 'invalid_request' } as const;
    const fresh = { ...connection, token: 'another' };
    const late = stop.end + 1;
    const damaged = createHistory();
    damaged.stops.push(stop);
    const refresh = { connection: fresh, begin: late, end: late, outcome: refused, servedUntil: late + 1 };
    damaged.refreshes.push(refresh, { ...refresh, servedUntil: late }, { ...refresh, connection: stop.connection });
    damaged.refreshes.push({ ...refresh, connection: stop.connection, outcome: ok });
    damaged.redemptions.push(
      { code: 'c', client: 'C', answers: [refused, refused], yields: 'at most once' },
      { code: 'a', client: 'A', answers: [ok, ok], yields: 'once' },
      { code: 'b', client: 'B', answers: [refused], yields: 'once' },
    );
    damaged.transfers.push({ connection: stop.connection, resource: '', begin: late, end: late, outcome: ok });
    damaged.transfers.push({ connection: fresh, resource: '', begin: late, end: late, outcome: refused });
    damaged.transfers.push({
      connection: fresh,
      resource: '',
      begin: late,
      end: late,
      outcome: { kind: 'broken_promise', what: '500' },
    });
    damaged.calls.push({
      connection: fresh,
      resource: '',
      begin: late,
      end: late,
      outcome: refused,
      handedOut: late,
      expiresIn: 300,
    });
    damaged.refusals.push({ begin: late, end: late + REVOKED_WITHIN_MS + 1, resource: '' });
    damaged.withoutDatabase.push({ begin: late + 10, end: late + 20 });
    damaged.transfers.push({ connection: fresh, resource: '', begin: late + 11, end: late + 12, outcome: ok });
    const given = { begin: late, end: late };
    const signed = {
      connection: fresh,
      proffer: 'p',
      given,
      decision: 'accepted',
      begin: late + 1,
      end: late + 2,
    } as const;
    const answer = (agreement: string) => ({ kind: 'ok', json: { proffer: 'p', agreement } }) as const;
    damaged.agreements.push({ ...signed, outcome: answer('.e30.') }, { ...signed, outcome: answer('.e30.x') });
    damaged.agreements.push({ ...signed, outcome: refused });
    const required = { ...refused, error: 'terms_required' };
    damaged.transfers.push({ connection: fresh, resource: '', begin: late + 3, end: late + 4, outcome: required });
    const unsigned = { ...connection, token: 'unsigned' };
    damaged.offers.push({ connection: unsigned, begin: late, end: late + 1, outcome: 'ok' });
    damaged.transfers.push({ connection: unsigned, resource: '', begin: late + 2, end: late + 3, outcome: ok });
    expect(checkHistory(damaged).map((found) => found.split(':')[0])).toEqual([
      'I2',
      'I1',
      'I3',
      'I1',
      'I9',
      'I1',
      'I1',
      'I3',
      'I1',
      'I3',
      'I10',
      'I1',
      'I10',
      'I7',
    ]);
  });
});
