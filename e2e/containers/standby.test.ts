import { addHost, type Person, signUp } from '@chatelaine/constellation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import { type Connection, openRawRequester, RAW_CALLBACK, type RawRequester } from '../test/support/raw-requester.ts';
import { sql } from './support/backup.ts';
import { type Deployment, openDeployment } from './support/deployment.ts';
import { docker } from './support/docker.ts';
import { seconds, recordFigure } from './support/figures.ts';
import { startLoad, tokensOf } from './support/load.ts';
import { compareWith, initialPair, startWritingEntries, killForGood, promote } from './support/standby.ts';

// docker-compose.standby.yml: the AM, Photos, and a Postgres with a synchronous standby

let deployment: Deployment;
let robin: Person;
let raw: RawRequester;
let connection: Connection;
const running: { stop(): Promise<unknown> }[] = [];

beforeAll(async () => {
  deployment = await openDeployment({ overlays: ['docker-compose.standby.yml'] });
  await deployment.compose(['up', '-d', '--no-build', 'am', 'photos']);
  const am = { url: deployment.url('am') };
  const host = { url: deployment.url('photos') };
  for (const { url } of [am, host]) await eventually(() => statusOf(`${url}/readyz`), { until: (it) => it === 200 });
  robin = deployment.person({ username: 'robin', stopsAt: [RAW_CALLBACK] });
  await signUp(robin, am.url);
  await signUp(robin, host.url);
  await addHost(robin, { am, host });
  raw = await openRawRequester({ am, fetch: deployment.fetch });
  connection = await raw.connect(robin);
});

afterAll(async () => {
  await Promise.all(running.map((it) => it.stop()));
  await deployment?.down();
});

const statusOf = async (url: string): Promise<number> =>
  deployment.fetch(url).then(
    ({ status }) => status,
    () => 0,
  );

describe('a Postgres with a standby [needs a container engine]', () => {
  test('starts without its standby, which is started later: making the roles does not wait for it', async () => {
    const { standby } = await initialPair(deployment);
    await docker('stop', '-t', '20', standby.container);
    await deployment.compose(['run', '--rm', '--no-deps', '-T', 'roles']);
    await docker('start', standby.container);
    await eventually(() => statusOf(`${deployment.url('am')}/readyz`), {
      until: (it) => it === 200,
    });
  });

  test('is killed under load: nothing acknowledged is lost; 30 s after the promotion tokens are served', async () => {
    const { primary, standby } = await initialPair(deployment);
    await eventually(() => sql(primary.container, 'select sync_state from pg_stat_replication'), {
      until: (state) => state === 'sync',
    });
    const entries = startWritingEntries(robin, { host: deployment.url('photos') });
    const load = startLoad(raw, {
      token: connection.accessToken,
      resource: deployment.resource('photos'),
      scope: 'entries.read',
    });
    running.push(entries, load);
    await eventually(async () => Math.min(entries.acknowledged.length, load.sent.length), {
      until: (count) => count > 20,
    });

    await killForGood(primary);
    const killedAt = Date.now();
    const refused = () => load.sent.filter(({ at, status }) => at > killedAt && status === 503);
    await eventually(async () => refused().length, { until: (count) => count > 5 });

    await promote(deployment, standby);
    const promotedAt = Date.now();
    await eventually(async () => load.sent.some(({ at, status }) => at > promotedAt && status === 200), {
      until: Boolean,
    });
    const served = seconds(Date.now() - promotedAt);
    recordFigure({
      what: 'primary killed, standby promoted: from then to the first token',
      promised: '≤ 30 s',
      measured: served,
    });
    await entries.stop();
    const sent = await load.stop();

    expect(refused().filter(({ retryAfter }) => retryAfter === null)).toEqual([]);
    const tokens = tokensOf(sent);
    const { lost, orphans } = await compareWith(deployment, standby, { entries: entries.acknowledged, tokens });
    const measured = `${lost} of ${entries.acknowledged.length + tokens.length}`;
    recordFigure({ what: 'acknowledged, but missing at the standby', promised: '0', measured });
    expect({ lost, orphans }).toEqual({ lost: 0, orphans: 0 });
    expect(tokens.length).toBe(sent.filter(({ status }) => status === 200).length);
  });
});
