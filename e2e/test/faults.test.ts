import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { crashPostgres, dieAt, killAndRestart } from '../faults/crashes.ts';
import { type Load, startLoad } from '../faults/load.ts';
import { AM_POINTS, HOST_POINTS } from '../faults/points.ts';
import { checkHistory, NOTIFIED_WITHIN_MS } from '../faults/check-history.ts';
import { checkTables } from '../faults/check-tables.ts';
import { createHistory } from '../faults/history.ts';
import { createRandom } from '../faults/random.ts';
import { counts, settleAndCheck } from '../faults/run.ts';
import { openWorld, type World } from '../faults/world.ts';
import { eventually } from '@chatelaine/test-kit';

// Things break under load, and afterwards nothing is lost, doubled or left over. A failure is told with its seed:
// FAULTS_SEED=<seed> breaks the
// same things in the same order. `pnpm soak` does this for as long as one likes.

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
      await dieAt(
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
    // a run in which nothing happened proves nothing: how much there was time for is the machine's affair, and chance's
    const enough = async () => Object.entries(ENOUGH).filter(([what, least]) => (counts(world)[what] ?? 0) < least);
    await eventually(enough, { until: (missing) => missing.length === 0 });
    await load.finish();
    const { violations } = await settleAndCheck(world);
    expect(violations).toEqual([]);
  });
});

// last, because it leaves the deployment in disorder
describe('the checks find what they are for', () => {
  const DAMAGED = [
    [
      'a token minted before anybody asked',
      `update photos.oauth_token set created_at = created_at - interval '1 hour' where hash = (select min(hash::text)::bytea from photos.oauth_token where kind = 'at')`,
      /^(I5: a token that no|I1: a token was handed out)/,
    ],
    [
      'an open intent',
      `update am.transfer set state = 'intent', started_at = now(), closed_at = null where id = (select min(id) from am.transfer)`,
      /^I5: an intent/,
    ],
    [
      'a token under another key',
      `update photos.oauth_token set jkt = 'another' where hash = (select min(hash::text)::bytea from photos.oauth_token where kind = 'at')`,
      /^I6: tokens of photos/,
    ],
    [
      'a token without an intent',
      `delete from am.transfer t using am.host h where h.id = t.host_id and h.issuer like '%notes%'`,
      /^(I5: a token that no|I1: a token was handed out)/,
    ],
    [
      'a link that only the Host knows',
      `update am.link set state = 'ended', ended_at = now() where id = (select min(id) from am.link where state = 'active')`,
      /^I4: links at/,
    ],
    [
      'an end nobody was told',
      `update am.revocation set state = 'failed', confirmed_at = null where id = (select min(id) from am.revocation)`,
      /^I4: an end/,
    ],
    [
      'a grant at a Host that is nobody’s',
      `insert into photos.oauth_transfer_grant (client_id, id, bucket, grant_id, act_iss, act_sub, last_minted_at) select client_id, 'nobody', bucket, id, 'http://am', 'http://app', now() from photos.oauth_grant where ended_at is null limit 1`,
      /^I3: a grant of photos lives, and no/,
    ],
    [
      'a refresh token that descends from nothing',
      `insert into am.oauth_token (bucket, hash, kind, grant_id, expires_at, generation) select bucket, sha256(hash || 'family'::bytea), 'rt', grant_id, expires_at, generation + 2 from am.oauth_token where generation is not null and successor_key is null`,
      /^I2: two lines/,
    ],
    [
      'a transfer that was completed after the end of its connection',
      `update am.transfer set state = 'minted', closed_at = now() where id = (select min(t.id) from am.transfer t join am.connection c on c.id = t.connection_id where c.ended_at is not null)`,
      /^I3: a token was handed out after the end/,
    ],
    [
      'a Host that goes on after an end',
      `update photos.oauth_transfer_grant set ended_at = null where grant_id is not null`,
      /^I3: a grant of photos/,
    ],
    [
      'a second family of a code',
      `insert into am.oauth_token (bucket, hash, kind, grant_id, expires_at) select bucket, sha256(hash), 'rt', grant_id, expires_at from am.oauth_token where kind = 'rt'`,
      /^I2: a code with two families/,
    ],
    [
      'a connection that was lost',
      `update am.oauth_grant set ended_at = now(), ended_by = 'server' where ended_at is null`,
      /^I1: Reader \d+ ended by itself/,
    ],
    [
      'a stop that was lost',
      `update am.oauth_grant set ended_at = null, ended_by = null`,
      /^I1: Reader \d+ was stopped, and lives/,
    ],
    [
      'a connection under other terms than it was offered last',
      `insert into am.timeline_entry (owner_id, kind, data) select subject, 'terms_proffered', jsonb_build_object('connection', id) from am.oauth_grant where terms is not null limit 1`,
      /^I10: a connection whose latest offer/,
    ],
    [
      'a token under terms that had been replaced',
      `insert into am.timeline_entry (owner_id, kind, data) select owner_id, 'terms_proffered', jsonb_build_object('connection', connection_id) from am.transfer where state = 'minted'; commit; update am.transfer set error = error where state = 'minted'`,
      /^I10: a token was handed out under terms/,
    ],
    [
      'a record that was lost',
      `update am.proffer set answer = answer || 'x' where answer is not null`,
      /^I1: a record of Reader/,
    ],
    [
      'a token under terms that nobody has agreed to',
      `update am.proffer set answer = null, decision = null, accepted = null, signer_keys = null, answered_at = null where jti in (select proffer_jti from am.transfer where state = 'minted')`,
      /^I10: a token under terms/,
    ],
    ['a link that was lost', `update am.link set id = id || '_'`, /^I1: \d+ links/],
  ] as const;

  test.each(DAMAGED)('in the tables: %s', async (_name, damage, finding) => {
    const { deployment, history } = world;
    const count = async () => (await checkTables(deployment, history)).filter((found) => finding.test(found)).length;
    const before = await count();
    // as the service itself: its triggers find its tables
    await deployment.database.query(damage.includes('photos.') ? 'photos' : 'am', damage);
    expect(await count()).toBeGreaterThan(before);
  });

  test('in the history: a code that yields twice, a refresh token that does not serve its minute, a token after a stop, a refusal for no reason, an error that was not promised, a token without a database, two records of one offer, an answer refused for no reason, a token without an agreement, terms required of who has signed', () => {
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
    damaged.refusals.push({ begin: late, end: late + NOTIFIED_WITHIN_MS + 1, resource: '' });
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
