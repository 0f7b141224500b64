import { addHost, connectRequester, type Person, signUp } from '@chatelaine/constellation';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, patience } from '@chatelaine/test-kit';
import { type Connection, openRawRequester, RAW_CALLBACK, type RawRequester } from '../test/support/raw-requester.ts';
import { type Deployment, openDeployment } from './support/deployment.ts';
import { docker } from './support/docker.ts';
import { inSeconds, note } from './support/figures.ts';
import { type Load, lostIn, type Sent, startLoad, WORKERS } from './support/load.ts';
import { buildExpanded, isReady, replaceOneByOne, runningSince } from './support/replace.ts';

// docker-compose.yml as it is, beginning with the AM of the previous commit; each test goes on where the one before
// ended

const READ = 'entries.read';
const HOSTS = ['photos', 'calendar', 'notes'] as const;
const PREVIOUS = { am: 'chatelaine-am:previous' };
const SERVICES = ['am', ...HOSTS, 'lifestream'] as const;

let deployment: Deployment;
let robin: Person;
let raw: RawRequester;
let connection: Connection;
const loads: Load[] = [];

beforeAll(async () => {
  deployment = await openDeployment();
  robin = deployment.person({ username: 'robin', stopsAt: [RAW_CALLBACK] });
});

// also those of a test that failed
afterEach(async () => {
  await Promise.all(loads.splice(0).map((it) => it.stop()));
});

afterAll(() => deployment?.down());

const wanted = (host: (typeof HOSTS)[number]) => ({ resource: deployment.resource(host), scope: READ });
const transfer = async (host: (typeof HOSTS)[number]) => raw.exchange(connection.accessToken, wanted(host));
/**
 * Until either process of the AM gives tokens for a Host: after an outage, each of them may leave it alone for ten
 * seconds.
 */
const everyAmReaches = async (host: (typeof HOSTS)[number]): Promise<void> => {
  let inARow = 0;
  const look = async () => (inARow = (await transfer(host)).status === 200 ? inARow + 1 : 0);
  // the proxy sends them to one and the other in turn
  await eventually(look, { until: (count) => count === 4 });
};
/** A token: after an outage the AM may leave a Host alone for ten seconds. */
const obtain = async (host: (typeof HOSTS)[number], by = raw, token = connection.accessToken): Promise<string> => {
  const look = () => by.exchange(token, wanted(host));
  const { body } = await eventually(look, { until: ({ status }) => status === 200 });
  return String(body['access_token']);
};
const failedOf = (sent: readonly Sent[]): string =>
  `${sent.filter(({ status }) => status !== 200).length} of ${sent.length} requests`;
const load = (): Load => {
  const started = startLoad(raw, { token: connection.accessToken, ...wanted('photos') });
  loads.push(started);
  return started;
};
const answersAt = async (url: string): Promise<number> =>
  deployment.fetch(`${url}/readyz`).then(
    ({ status }) => status,
    () => 0,
  );

describe('docker-compose up [needs a container engine]', () => {
  test('am: the AM as two processes, its database, the proxy, and nothing else', async () => {
    await deployment.compose(['up', '-d', '--no-build', 'am'], PREVIOUS);
    await eventually(() => answersAt(deployment.url('am')), { until: (status) => status === 200 });
    const names = ['am', 'postgres', 'proxy', ...HOSTS, 'lifestream', 'demo'];
    const running = await Promise.all(names.map(async (name) => (await deployment.containers(name)).length));
    expect(running).toEqual([2, 1, 1, 0, 0, 0, 0, 0]);
  });

  test('all of it: somebody signs up everywhere, links three Hosts, connects Lifestream, and reads', async () => {
    await deployment.compose(['up', '-d', '--no-build', '--no-recreate'], PREVIOUS);
    for (const name of SERVICES)
      await eventually(() => answersAt(deployment.url(name)), { until: (status) => status === 200 });
    const am = { url: deployment.url('am') };
    await signUp(robin, am.url);
    for (const host of HOSTS) {
      await signUp(robin, deployment.url(host));
      await robin.press('Add', { text: `kept at ${host}` });
      await addHost(robin, { am, host: { url: deployment.url(host) } });
    }
    const requester = { url: deployment.url('lifestream') };
    await signUp(robin, requester.url);
    await connectRequester(robin, { am, requester, answers: () => 'allow' });
    const feed = (await robin.visit(requester.url)).text;
    for (const host of HOSTS) expect(feed).toContain(`kept at ${host}`);
    raw = await openRawRequester({ am, fetch: deployment.fetch });
    connection = await raw.connect(robin);
    expect((await transfer('photos')).status).toBe(200);
  });

  test('no process is root, writes to its image, or has a capability', async () => {
    const format = '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.RestartCount}}';
    const ids = (await Promise.all(SERVICES.map((name) => deployment.containers(name)))).flat();
    const seen = await docker('inspect', '-f', format, ...ids);
    expect([...new Set(seen.split('\n'))]).toEqual(['1000:1000 true [ALL] 0']);
  });

  test('each role has its own schemas and no right to another’s', async () => {
    const [postgres = ''] = await deployment.containers('postgres');
    const psql = ['psql', '-h', '/var/run/postgresql', '-d', 'chatelaine', '-Atq', '-c', 'set role am', '-c'];
    const asAm = (sql: string) =>
      docker('exec', '-u', 'postgres', postgres, ...psql, sql).catch((error: Error) => error.message);
    expect(await asAm('select count(*) from am.account')).toBe('1');
    for (const sql of ['select * from photos.account', 'create schema mine', 'create table public.mine ()'])
      expect(await asAm(sql)).toContain('permission denied');
  });

  test('no secret is in a container’s configuration or in a log', async () => {
    for (const name of SERVICES) {
      const [id = ''] = await deployment.containers(name);
      const secrets = await docker('exec', id, 'cat', '/run/chatelaine/env');
      const values = [...secrets.matchAll(/:([^:@]+)@|ENCRYPTION_KEY=(.+)/g)].map(
        ([, one, other]) => one ?? other ?? '',
      );
      expect(values).toHaveLength(2);
      const notified = `${await docker('inspect', id)}${await docker('logs', id)}`;
      for (const value of values) expect(notified.includes(value)).toBe(false);
    }
  });
});

describe('what happens to containers [needs a container engine]', () => {
  test('an AM of the previous commit gives way to the next, schema widened, under load: no request fails', async () => {
    await buildExpanded({ from: 'chatelaine-am', as: 'chatelaine-am:expanded' });
    const before = await deployment.containers('am');
    const running = load();
    await replaceOneByOne(deployment, { name: 'am', image: 'chatelaine-am:expanded' });
    const sent = await running.stop();
    note({ what: 'all processes of the AM replaced under load', held: '0 requests fail', measured: failedOf(sent) });
    expect(lostIn(sent)).toEqual([]);
    expect(await deployment.containers('am')).toHaveLength(2);
    expect((await deployment.containers('am')).filter((id) => before.includes(id))).toEqual([]);
    // what was there before is there: the session, the links, the connection
    expect((await robin.visit(`${deployment.url('am')}/hosts`)).text).toContain(deployment.url('notes'));
    expect((await robin.visit(deployment.url('lifestream'))).text).toContain('kept at notes');
  });

  test('one of two AMs is killed under load: 1 % fail at most, and it serves again once it is started', async () => {
    const [first = ''] = await deployment.containers('am');
    const running = load();
    await eventually(async () => running.sent.length, { until: (count) => count > 50 });
    await docker('kill', '-s', 'KILL', first);
    const killedAt = running.sent.length;
    await eventually(async () => running.sent.length - killedAt, { until: (count) => count > 150 });
    await docker('start', first);
    const started = new Date();
    const answered = async () =>
      (await docker('logs', '--since', started.toISOString(), first)).includes('"path":"/token"');
    await eventually(answered, { until: Boolean });
    const full = inSeconds(Date.now() - started.getTime());
    // what each worker was waiting for when the process died is lost, at most: that may be 1 % of these
    await eventually(async () => running.sent.length, { until: (count) => count >= 100 * WORKERS });
    const sent = await running.stop();
    note({ what: 'kill -9 of one of two AMs under load', held: '≤ 1 % fail', measured: failedOf(sent) });
    note({ what: 'from its start until it serves', held: '≤ 10 s', measured: full });
    expect(lostIn(sent).length / sent.length).toBeLessThanOrEqual(0.01);
  });

  test('Postgres stops and returns: 503 with Retry-After, tokens again within 5 s, no process restarted', async () => {
    const [postgres = ''] = await deployment.containers('postgres');
    const since = await runningSince(deployment, SERVICES);
    const running = load();
    await docker('stop', '-t', '20', postgres);
    const down = running.sent.length;
    await eventually(async () => running.sent.length - down, { until: (count) => count > 20 });
    await docker('start', postgres);
    await eventually(() => isReady(postgres, ['pg_isready', '-q', '-h', '127.0.0.1']), {
      until: Boolean,
    });
    const ready = Date.now();
    await eventually(transferStatus, { until: (status) => status === 200 });
    const back = inSeconds(Date.now() - ready);
    note({ what: 'Postgres restarted: from accepting connections to the first token', held: '≤ 5 s', measured: back });
    const sent = await running.stop();
    const refused = sent.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    for (const { status, retryAfter } of refused) expect([status, retryAfter !== null]).toEqual([503, true]);
    expect(sent.filter(({ at, status }) => at > ready + patience(5) && status !== 200)).toEqual([]);
    expect(await runningSince(deployment, SERVICES)).toEqual(since);
  });

  const transferStatus = async (): Promise<number> => (await transfer('photos')).status;

  test('a Host that cannot be reached takes nothing with it, and hears of a stop once it can be', async () => {
    const [photos = ''] = await deployment.containers('photos');
    const other = await openRawRequester({ am: { url: deployment.url('am') }, fetch: deployment.fetch }, 'Other');
    const stopped = await other.connect(robin);
    const token = await obtain('photos', other, stopped.accessToken);
    const entries = `${deployment.resource('photos')}/entries`;
    expect((await other.get(entries, token)).status).toBe(200);
    await docker('network', 'disconnect', `${deployment.project}_deployment`, photos);
    await eventually(transferStatus, { until: (status) => [502, 503, 504].includes(status) });
    expect((await transfer('notes')).status).toBe(200);
    await robin.visit(`${deployment.url('am')}/apps`);
    await robin.press('Stop Other');
    expect((await other.exchange(stopped.accessToken, wanted('notes'))).status).toBe(400);
    await docker('network', 'connect', '--alias', 'photos', `${deployment.project}_deployment`, photos);
    const reachable = Date.now();
    await eventually(async () => (await other.get(entries, token)).status, {
      until: (status) => status === 401,
    });
    const notified = inSeconds(Date.now() - reachable);
    note({
      what: 'stopped while a Host was cut off: from its return until it refuses',
      held: '≤ 60 s',
      measured: notified,
    });
    await eventually(transferStatus, { until: (status) => status === 200 });
  });

  test('a Host starts with a new ENCRYPTION_KEY beside the old: links, sessions and issued keys hold', async () => {
    const [photos = ''] = await deployment.containers('photos');
    const token = await obtain('photos');
    const replace =
      'sed -i "s/^ENCRYPTION_KEY=/ENCRYPTION_KEY=$(head -c 32 /dev/urandom | ' +
      `basenc --base64url | tr -d '=\\n')\\nENCRYPTION_KEY_PREVIOUS=/" /s/env`;
    const volume = `${deployment.project}_secrets-photos:/s`;
    await docker('run', '--rm', '--network', 'none', '-v', volume, 'chatelaine-postgres', 'bash', '-c', replace);
    await docker('restart', '-t', '20', photos);
    await eventually(() => answersAt(deployment.url('photos')), { until: (status) => status === 200 });
    expect((await raw.get(`${deployment.resource('photos')}/entries`, token)).status).toBe(200);
    await obtain('photos');
    expect((await robin.visit(`${deployment.url('photos')}/entries`)).text).toContain('kept at photos');
  });

  test('the AM goes back to the previous commit, which works on the wider schema: no request fails', async () => {
    await everyAmReaches('photos');
    const running = load();
    await replaceOneByOne(deployment, { name: 'am', image: PREVIOUS.am });
    const sent = await running.stop();
    expect(lostIn(sent)).toEqual([]);
    expect((await robin.visit(`${deployment.url('am')}/hosts`)).text).toContain(deployment.url('notes'));
  });
});
