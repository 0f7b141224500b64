import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GRANT } from '@chatelaine/protocol';
import { bucketOf } from '@chatelaine/crypto';
import { createPgStorage } from '@chatelaine/oauth-server-pg';
import { openPool } from '@chatelaine/postgres';
import { hrefAfter } from '@chatelaine/ui';
import { accessesOf, freePort, recordStatements, type SentStatement } from '@chatelaine/test-kit';
import { checkpointKeysOf } from '../src/checkpoint-keys.ts';
import { makeCheckpoints } from '../src/checkpoints/make-checkpoints.ts';
import { retain } from '../src/retention/retention.ts';
import { claimRevocations } from '../src/jobs/revocation-store.ts';
import { reapUnfinished } from '../src/connections/unfinished-store.ts';
import { deleteSettled } from '../src/retention/settled-store.ts';
import { closeLost } from '../src/transfer/close-store.ts';
import { reapDeferrals } from '../src/transfer/deferred/deferral-store.ts';
import { TestDeployment, type Story } from './support/deployment.ts';
import { batch } from './support/batch.ts';
import { exchange } from './support/requester.ts';

/** The names of partitions by time. */
const DATED = /^(transfer|revocation|timeline_entry)_(first|default|[0-9]{8})$/;
const DAY = 86_400_000;
/** Pages of lists that start in the middle. */
const LATER_PAGES = [
  hrefAfter('/hosts', { name: 'after', after: [true, '', '', ''] }),
  hrefAfter('/apps', { name: 'after', after: [Date.now() + DAY, ''] }),
  hrefAfter('/timeline', { name: 'after', after: ['9000000000000000000', Date.now() + DAY, ''] }),
  hrefAfter('/asks', { name: 'after', after: [Date.now() + DAY, ''] }),
  hrefAfter('/ends', { name: 'apps', after: [Date.now() + DAY, ''] }),
  hrefAfter('/ends', { name: 'links', after: [Date.now() + DAY, ''] }),
];

let deployment: TestDeployment;
let story: Story;
const recorded: ReturnType<typeof recordStatements>[] = [];

beforeAll(async () => {
  deployment = await TestDeployment.build({ onPool: (pool) => void recorded.push(recordStatements(pool)) });
  story = await deployment.story({ 'photos.read': 'allow', 'photos.write': 'ask' });
});
beforeAll(async () => {
  // half a year, each month in its own partition
  const checkpointKeys = checkpointKeysOf(Buffer.alloc(32, 1));
  const config = { retention: { transferDays: 240, revocationDays: 240, timelineDays: 240 } };
  for (let day = 8; day < 180; day += 30)
    await retain(
      { pool: deployment.pool, log: deployment.ams[0].app.log, checkpointKeys, config },
      { now: new Date(Date.now() + day * DAY) },
    );
  const tail = `'7' || substr(replace(gen_random_uuid()::text, '-', ''), 14)`;
  const past = `(select n, now() + n * interval '2 hours' as at from generate_series(1, 2000) n) past`;
  await deployment.rows(
    `insert into transfer (bucket, id, owner_id, connection_id, link_id, host_id, client_id, resource, policy_version,
      state, closed_at, started_at)
     select n, time_id_from('tr', at) || ${tail}, 'owner' || n % 100, 'con' || n % 300, 'link', 'host', 'c', 'r', 0,
       'minted', at, at from ${past}`,
  );
  await deployment.rows(
    `insert into revocation (id, owner_id, link_id, host_id, connection_id, grant_id, state, confirmed_at, created_at)
     select time_id_from('rev', at) || ${tail}, 'owner' || n % 100, 'link', 'host', 'con' || n % 300, 'g', 'confirmed',
       at, at from ${past}`,
  );
  await deployment.rows(
    `insert into timeline_entry (id, owner_id, at, kind, data) select time_number_from(at) | n, 'owner' || n % 100, at,
      'told', '{}' from ${past}`,
  );
  // rows with ids that hold no time, as the version before partitions wrote them
  for (const n of [1, 2, 3])
    await deployment.rows(
      `insert into transfer (bucket, id, owner_id, connection_id, link_id, host_id, client_id, resource, policy_version,
        state, closed_at)
       select n, 'tr_old' || n || $1, 'owner' || n % 100, 'con' || n % 300, 'link', 'host', 'c', 'r', 0, 'minted', now()
         from generate_series(1, 200) n`,
      [n],
    );
  await deployment.rows(
    `insert into revocation (id, owner_id, link_id, host_id, connection_id, grant_id, state, confirmed_at)
     select 'rev_old' || n, 'owner' || n % 100, 'link', 'host', 'con' || n % 300, 'g', 'confirmed', now()
       from generate_series(1, 600) n`,
  );
  await deployment.rows('analyze');
});
afterAll(() => deployment.close());

/** The statements that were sent during `work`. */
async function sentBy(work: () => Promise<unknown>): Promise<readonly SentStatement[]> {
  for (const each of recorded) each.take();
  await work();
  return recorded.flatMap((each) => each.take());
}

/** Accesses that read a partition as a whole, or look for a row in more than `most` partitions. */
async function badPlans(sent: readonly SentStatement[], most: number): Promise<string[]> {
  const bad: string[] = [];
  // otherwise the statements that record a used `jti` would find it recorded, and do nothing the second time
  await deployment.rows('delete from oauth_replay');
  const client = await deployment.pool.connect();
  try {
    for (const one of sent) {
      const accesses = await accessesOf(client, one);
      for (const { relation, how } of accesses)
        if (DATED.test(relation) && how === 'as a whole') bad.push(`${relation} as a whole: ${one.text}`);
      const looked = new Set(accesses.filter(({ how }) => how === 'by key').map(({ relation }) => relation));
      const dated = Map.groupBy(
        [...looked].filter((relation) => DATED.test(relation)),
        (relation) => relation.replace(DATED, '$1'),
      );
      for (const [table, partitions] of dated)
        if (partitions.length > most) bad.push(`${partitions.length} partitions of ${table}: ${one.text}`);
    }
  } finally {
    client.release();
  }
  return bad;
}

describe('the statements of', () => {
  test('transfers, refreshes, targets and polls find what they need by key, and history by partition', async () => {
    const { requester, connection } = story;
    const resource = deployment.host.resource;
    const sent = await sentBy(async () => {
      expect((await requester.transfer({ connection, resource, scope: 'photos.read' })).status).toBe(200);
      // the steps of transfers that run together are one statement each
      const many = Array.from({ length: 16 }, () => requester.transfer({ connection, resource, scope: 'photos.read' }));
      for (const { status } of await Promise.all(many)) expect(status).toBe(200);
      const items = [{ id: '1', resource, scope: 'photos.read' }];
      expect((await batch(deployment, story, { items })).status).toBe(200);
      const params = { completion_mode: 'deferred' };
      const waiting = await requester.transfer({ connection, resource, scope: 'photos.write', params });
      const path = new URL(String(waiting.json['interaction_uri'])).pathname;
      await story.owner.browser.submit(path, path, { answer: 'once' });
      expect((await requester.poll(String(waiting.json['deferral_code']))).status).toBe(200);
      const refresh = { grant_type: GRANT.refreshToken, refresh_token: connection.refreshToken };
      const refreshed = await requester.post('/token', { ...(await requester.authentication()), ...refresh });
      expect(refreshed.status).toBe(200);
      const { accessToken } = connection;
      const dpop = [await requester.proof('/targets', { htm: 'GET', accessToken })];
      const headers = { authorization: `DPoP ${accessToken}`, dpop };
      const targets = await exchange(deployment.ams[0].port, { method: 'GET', path: '/targets', headers });
      expect(targets.status).toBe(200);
      deployment.host.script = { transfer: () => ({ status: 400, json: { error: 'access_denied' } }) };
      expect((await requester.transfer({ connection, resource, scope: 'photos.read' })).status).toBe(400);
      deployment.host.script = { transfer: (_hop, mint) => ({ json: { ...mint(), token_type: 'odd' } }) };
      expect((await requester.transfer({ connection, resource, scope: 'photos.read' })).status).toBe(502);
      deployment.host.reset();
    });
    expect(sent.map(({ text }) => text)).toContainEqual(expect.stringContaining('insert into transfer'));
    expect(sent.map(({ text }) => text)).toContainEqual(expect.stringContaining('update transfer'));
    expect(sent.map(({ text }) => text)).toContainEqual(expect.stringContaining('insert into revocation'));
    // the question's page counts whatever waits for its owner, from any time
    const asked = sent.filter(({ text }) => !text.includes(`state = 'failed'`));
    expect(await badPlans(asked, 1)).toEqual([]);
  });

  test('stops, and of everything that an owner looks at, read no partition as a whole', async () => {
    const { browser } = story.owner;
    const sent = await sentBy(async () => {
      const { connection } = await deployment.beside(story, { 'photos.read': 'allow' });
      await browser.submit('/apps', `/apps/${connection.id}/stop`);
      for (const page of [
        '/',
        '/hosts',
        '/apps',
        '/timeline',
        '/asks',
        '/ends',
        `/apps/${story.connection.id}`,
        `/apps/${connection.id}`,
        ...LATER_PAGES,
      ])
        expect((await browser.get(page)).status).toBe(200);
      await browser.submit('/hosts', `/hosts/${story.linkId}/stop`);
      for (const page of ['/hosts', '/apps']) expect((await browser.get(page)).status).toBe(200);
    });
    expect(sent.map(({ text }) => text)).toContainEqual(expect.stringContaining('from timeline_entry'));
    expect(await badPlans(sent, Infinity)).toEqual([]);
  });

  test('what is done now and then read none as a whole either', async () => {
    const config = deployment.config;
    const pool = openPool({ url: deployment.database.url('am'), name: 'test', max: 1 });
    const background = recordStatements(pool);
    const deps = { pool, log: deployment.ams[0].app.log, config };
    const storage = createPgStorage(pool);
    await closeLost(pool, { olderThanSeconds: 600 });
    await reapDeferrals(pool);
    await reapUnfinished(deps);
    await storage.reap();
    await deleteSettled(pool, { now: new Date(), days: 400 });
    await makeCheckpoints({ pool, checkpointKeys: checkpointKeysOf(Buffer.alloc(32, 1)) }, { afterSeconds: 0 });
    await claimRevocations(deps, { prompt: 1, slow: 1 });
    await pool.end();
    expect(await badPlans(background.take(), Infinity)).toEqual([]);
  });

  test('a connection that is made reads none of those that its owner has already', async () => {
    const insert = (ids: string) =>
      `insert into oauth_grant (bucket, id, client_id, subject, scope, jkt)
       select $1, 'many' || n, $2, $3, array['transfer'], 'key' from ${ids} n`;
    const values = [bucketOf(story.owner.id), story.requester.clientId, story.owner.id];
    const client = await deployment.pool.connect();
    try {
      await client.query('begin');
      await client.query(insert('generate_series(1, 1000)'), values);
      await client.query('analyze oauth_grant');
      // how many rows of the table this transaction has read so far
      const read = async () => {
        const { rows } = await client.query<{ rows: number }>(
          `select (seq_tup_read + idx_tup_fetch)::int as rows from pg_stat_xact_user_tables
           where relname = 'oauth_grant'`,
        );
        return rows[0]?.rows ?? NaN;
      };
      const before = await read();
      await client.query(insert('generate_series(1001, 1010)'), values);
      expect((await read()) - before).toBeLessThan(100);
    } finally {
      await client.query('rollback');
      client.release();
    }
  });

  test('the metrics find what Hosts have yet to be told by the partial index of every partition', async () => {
    const listener = { address: '127.0.0.1', port: await freePort() };
    const watched: ReturnType<typeof recordStatements>[] = [];
    await deployment.another({
      config: { metricsListener: listener },
      onPool: (pool) => void watched.push(recordStatements(pool)),
    });
    const { text } = await exchange(listener.port, { method: 'GET', path: '/metrics' });
    expect(text).toContain('chatelaine_revocations{state="pending"}');
    const sent = watched
      .flatMap((each) => each.take())
      .filter((each) => each.text.includes('from revocation where state'));
    expect(sent).toHaveLength(1);
    const client = await deployment.pool.connect();
    try {
      for (const one of sent) {
        const accesses = await accessesOf(client, one);
        const partitions = await deployment.rows<{ name: string }>(
          `select inhrelid::regclass::text as name from pg_inherits where inhparent = to_regclass('revocation')`,
        );
        expect(partitions.length).toBeGreaterThan(6);
        expect(new Set(accesses.map(({ relation }) => relation))).toEqual(new Set(partitions.map(({ name }) => name)));
        expect(new Set(accesses.map(({ how }) => how))).toEqual(new Set(['by a partial index']));
      }
    } finally {
      client.release();
    }
  });
});
