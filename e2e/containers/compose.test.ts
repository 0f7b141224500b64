import { addHost, connectRequester, type Person, signUp } from '@chatelaine/constellation';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, patience } from '@chatelaine/test-kit';
import { type Connection, openRawRequester, RAW_CALLBACK, type RawRequester } from '../test/support/raw-requester.ts';
import { type Deployment, openDeployment } from './support/deployment.ts';
import { docker } from './support/docker.ts';
import { seconds, recordFigure } from './support/figures.ts';
import { type Load, failuresIn, type SentRequest, startLoad, WORKERS } from './support/load.ts';
import { buildExpanded, succeeds, replaceOneByOne, startTimes } from './support/replace.ts';

// docker-compose.yml as it is, starting with the AM of the previous commit. Each test continues where the one before it
// ended.

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

// those of a failed test as well
afterEach(async () => {
  await Promise.all(loads.splice(0).map((it) => it.stop()));
});

afterAll(() => deployment?.down());

const wanted = (host: (typeof HOSTS)[number]) => ({ resource: deployment.resource(host), scope: READ });
const transfer = async (host: (typeof HOSTS)[number]) => raw.exchange(connection.accessToken, wanted(host));
/**
 * Waits until both processes of the AM give tokens for a Host: after an outage, each keeps its circuit open for 10 s.
 */
const waitUntilBothReach = async (host: (typeof HOSTS)[number]): Promise<void> => {
  let inARow = 0;
  const look = async () => (inARow = (await transfer(host)).status === 200 ? inARow + 1 : 0);
  // the proxy sends requests to the two in turn
  await eventually(look, { until: (count) => count === 4 });
};
/** A token, for which it waits: after an outage the AM keeps the circuit of a Host open for 10 s. */
const obtainToken = async (host: (typeof HOSTS)[number], by = raw, token = connection.accessToken): Promise<string> => {
  const look = () => by.exchange(token, wanted(host));
  const { body } = await eventually(look, { until: ({ status }) => status === 200 });
  return String(body['access_token']);
};
const failuresOf = (sent: readonly SentRequest[]): string =>
  `${sent.filter(({ status }) => status !== 200).length} of ${sent.length} requests`;
const load = (): Load => {
  const started = startLoad(raw, { token: connection.accessToken, ...wanted('photos') });
  loads.push(started);
  return started;
};
const readiness = async (url: string): Promise<number> =>
  deployment.fetch(`${url}/readyz`).then(
    ({ status }) => status,
    () => 0,
  );

describe('docker-compose up [needs a container engine]', () => {
  test('am: starts two processes of the AM, its database, the proxy, and nothing else', async () => {
    await deployment.compose(['up', '-d', '--no-build', 'am'], PREVIOUS);
    await eventually(() => readiness(deployment.url('am')), { until: (status) => status === 200 });
    const names = ['am', 'postgres', 'proxy', ...HOSTS, 'lifestream', 'demo'];
    const running = await Promise.all(names.map(async (name) => (await deployment.containers(name)).length));
    expect(running).toEqual([2, 1, 1, 0, 0, 0, 0, 0]);
  });

  test('starts everything: a person signs up, links three Hosts, connects Lifestream, and reads', async () => {
    await deployment.compose(['up', '-d', '--no-build', '--no-recreate'], PREVIOUS);
    for (const name of SERVICES)
      await eventually(() => readiness(deployment.url(name)), { until: (status) => status === 200 });
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
      const exposed = `${await docker('inspect', id)}${await docker('logs', id)}`;
      for (const value of values) expect(exposed.includes(value)).toBe(false);
    }
  });
});

describe('what happens to containers [needs a container engine]', () => {
  test('an AM of the previous commit is replaced under load by one with a newer schema: no request fails', async () => {
    await buildExpanded({ from: 'chatelaine-am', as: 'chatelaine-am:expanded' });
    const before = await deployment.containers('am');
    const running = load();
    await replaceOneByOne(deployment, { name: 'am', image: 'chatelaine-am:expanded' });
    const sent = await running.stop();
    recordFigure({
      what: 'all processes of the AM replaced under load',
      promised: '0 requests fail',
      measured: failuresOf(sent),
    });
    expect(failuresIn(sent)).toEqual([]);
    expect(await deployment.containers('am')).toHaveLength(2);
    expect((await deployment.containers('am')).filter((id) => before.includes(id))).toEqual([]);
    // sessions, links and connections are still there
    expect((await robin.visit(`${deployment.url('am')}/hosts`)).text).toContain(deployment.url('notes'));
    expect((await robin.visit(deployment.url('lifestream'))).text).toContain('kept at notes');
  });

  test('one of two AMs is killed under load: 1 % fail at most, and it serves again when it is started', async () => {
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
    const full = seconds(Date.now() - started.getTime());
    // each worker loses one request at most, the one it was waiting for: with so many requests, that is 1 %
    await eventually(async () => running.sent.length, { until: (count) => count >= 100 * WORKERS });
    const sent = await running.stop();
    recordFigure({ what: 'kill -9 of one of two AMs under load', promised: '≤ 1 % fail', measured: failuresOf(sent) });
    recordFigure({ what: 'from its start until it serves', promised: '≤ 10 s', measured: full });
    expect(failuresIn(sent).length / sent.length).toBeLessThanOrEqual(0.01);
  });

  test('Postgres stops and starts: 503 with Retry-After, tokens again within 5 s, no process restarted', async () => {
    const [postgres = ''] = await deployment.containers('postgres');
    const since = await startTimes(deployment, SERVICES);
    const running = load();
    await docker('stop', '-t', '20', postgres);
    const down = running.sent.length;
    await eventually(async () => running.sent.length - down, { until: (count) => count > 20 });
    await docker('start', postgres);
    await eventually(() => succeeds(postgres, ['pg_isready', '-q', '-h', '127.0.0.1']), {
      until: Boolean,
    });
    const ready = Date.now();
    await eventually(transferStatus, { until: (status) => status === 200 });
    const back = seconds(Date.now() - ready);
    recordFigure({
      what: 'Postgres restarted: from accepting connections to the first token',
      promised: '≤ 5 s',
      measured: back,
    });
    const sent = await running.stop();
    const refused = sent.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    for (const { status, retryAfter } of refused) expect([status, retryAfter !== null]).toEqual([503, true]);
    expect(sent.filter(({ at, status }) => at > ready + patience(5) && status !== 200)).toEqual([]);
    expect(await startTimes(deployment, SERVICES)).toEqual(since);
  });

  const transferStatus = async (): Promise<number> => (await transfer('photos')).status;

  test('while a Host is unreachable the others serve; it hears of a stop when it is back', async () => {
    const [photos = ''] = await deployment.containers('photos');
    const other = await openRawRequester({ am: { url: deployment.url('am') }, fetch: deployment.fetch }, 'Other');
    const stopped = await other.connect(robin);
    const token = await obtainToken('photos', other, stopped.accessToken);
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
    const delay = seconds(Date.now() - reachable);
    recordFigure({
      what: 'stopped while a Host was cut off: from its return until it refuses',
      promised: '≤ 60 s',
      measured: delay,
    });
    await eventually(transferStatus, { until: (status) => status === 200 });
  });

  test('a Host gets a new ENCRYPTION_KEY beside the old one: links, sessions and tokens stay valid', async () => {
    const [photos = ''] = await deployment.containers('photos');
    const token = await obtainToken('photos');
    const replace =
      'sed -i "s/^ENCRYPTION_KEY=/ENCRYPTION_KEY=$(head -c 32 /dev/urandom | ' +
      `basenc --base64url | tr -d '=\\n')\\nENCRYPTION_KEY_PREVIOUS=/" /s/env`;
    const volume = `${deployment.project}_secrets-photos:/s`;
    await docker('run', '--rm', '--network', 'none', '-v', volume, 'chatelaine-postgres', 'bash', '-c', replace);
    await docker('restart', '-t', '20', photos);
    await eventually(() => readiness(deployment.url('photos')), { until: (status) => status === 200 });
    expect((await raw.get(`${deployment.resource('photos')}/entries`, token)).status).toBe(200);
    await obtainToken('photos');
    expect((await robin.visit(`${deployment.url('photos')}/entries`)).text).toContain('kept at photos');
  });

  test('the AM goes back to the previous commit, which works on the wider schema: no request fails', async () => {
    await waitUntilBothReach('photos');
    const running = load();
    await replaceOneByOne(deployment, { name: 'am', image: PREVIOUS.am });
    const sent = await running.stop();
    expect(failuresIn(sent)).toEqual([]);
    expect((await robin.visit(`${deployment.url('am')}/hosts`)).text).toContain(deployment.url('notes'));
  });
});
