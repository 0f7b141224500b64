import { addHost, type Person, signUp } from '@chatelaine/constellation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../test/support/eventually.ts';
import { type Connection, openRawRequester, RAW_CALLBACK, type RawRequester } from '../test/support/raw-requester.ts';
import { sql } from './support/backup.ts';
import { type Deployment, openDeployment } from './support/deployment.ts';
import { docker } from './support/docker.ts';
import { inSeconds, note } from './support/figures.ts';
import { startLoad } from './support/load.ts';

// docker-compose.standby.yml: the AM, Photos, and a Postgres that is followed by another

const STARTS_WITHIN_MS = 60_000;
const SERVES_AGAIN_WITHIN_MS = 30_000;

let house: Deployment;
let robin: Person;
let raw: RawRequester;
let connection: Connection;
const working: { stop(): Promise<unknown> }[] = [];

beforeAll(async () => {
  house = await openDeployment({ overlays: ['docker-compose.standby.yml'] });
  await house.compose(['up', '-d', '--no-build', 'am', 'photos']);
  const am = { url: house.url('am') };
  const host = { url: house.url('photos') };
  for (const { url } of [am, host])
    await eventually(() => statusOf(`${url}/readyz`), { until: (it) => it === 200, withinMs: STARTS_WITHIN_MS });
  robin = house.person({ username: 'robin', stopsAt: [RAW_CALLBACK] });
  await signUp(robin, am.url);
  await signUp(robin, host.url);
  await addHost(robin, { am, host });
  raw = await openRawRequester({ am, fetch: house.fetch });
  connection = await raw.connect(robin);
}, 240_000);

afterAll(async () => {
  await Promise.all(working.map((it) => it.stop()));
  await house?.down();
}, 120_000);

const statusOf = async (url: string): Promise<number> =>
  house.fetch(url).then(
    ({ status }) => status,
    () => 0,
  );

/** Somebody keeps entries at the Host, one after the other; those that the Host has acknowledged by showing them are counted. */
function keepEntries(): Working {
  const acknowledged: string[] = [];
  let going = true;
  const tab = robin.tab();
  const keep = async (text: string): Promise<void> => {
    await tab.visit(`${house.url('photos')}/entries`);
    const page = await tab.press('Add', { text });
    if (page.status === 200 && page.text.includes(text)) acknowledged.push(text);
  };
  const working = (async () => {
    // while Postgres is away there is no form to fill in
    for (let count = 0; going; count++) await keep(`entry number ${count}.`).catch(() => undefined);
  })();
  return {
    acknowledged,
    async stop() {
      going = false;
      await working;
    },
  };
}

interface Working {
  readonly acknowledged: readonly string[];
  stop(): Promise<void>;
}

describe('a Postgres that is followed by another [needs a container engine]', () => {
  test('is killed under load: what was acknowledged is at the other; 503 meanwhile, and served again within 30 s of the promotion', async () => {
    const [primary = ''] = await house.containers('postgres');
    const [standby = ''] = await house.containers('standby');
    expect(await sql(primary, 'select sync_state from pg_stat_replication')).toBe('sync');
    const entries = keepEntries();
    const load = startLoad(raw, {
      token: connection.accessToken,
      resource: house.resource('photos'),
      scope: 'entries.read',
    });
    working.push(entries, load);
    await eventually(async () => Math.min(entries.acknowledged.length, load.sent.length), {
      until: (count) => count > 20,
      withinMs: 60_000,
    });

    // never to come back by itself: there must be one primary
    await docker('update', '--restart', 'no', primary);
    await docker('kill', '-s', 'KILL', primary);
    const killedAt = Date.now();
    const refused = () => load.sent.filter(({ at, status }) => at > killedAt && status === 503);
    await eventually(async () => refused().length, { until: (count) => count > 5, withinMs: 60_000 });

    await sql(standby, 'select pg_promote()');
    const network = `${house.project}_database`;
    await docker('network', 'disconnect', network, standby);
    await docker('network', 'connect', '--alias', 'postgres', network, standby);
    const promotedAt = Date.now();
    await eventually(async () => load.sent.some(({ at, status }) => at > promotedAt && status === 200), {
      until: Boolean,
      withinMs: SERVES_AGAIN_WITHIN_MS,
    });
    const served = inSeconds(Date.now() - promotedAt);
    note({ what: 'primary killed, standby promoted: from then to the first token', held: '≤ 30 s', measured: served });
    await entries.stop();
    const sent = await load.stop();

    expect(refused().filter(({ retryAfter }) => retryAfter === null)).toEqual([]);
    const handedOut = sent.filter(({ status }) => status === 200).length;
    expect(
      Number(await sql(standby, `select count(*) from am.transfer where state = 'minted'`)),
    ).toBeGreaterThanOrEqual(handedOut);
    const kept = new Set((await sql(standby, 'select text from photos.entry')).split('\n'));
    const lost = entries.acknowledged.filter((text) => !kept.has(text));
    const measured = `${lost.length} of ${entries.acknowledged.length + handedOut}`;
    note({ what: 'acknowledged and not at the standby', held: '0', measured });
    expect(lost).toEqual([]);
  });
});
