import { createVault, deriveKey, sha256 } from '@chatelaine/crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { linkTokens, startTestHost, type TestHost } from './support/test-host.ts';
import { closeLost } from '../src/transfer/close-store.ts';
import {
  createWorld,
  eventually,
  makeConnection,
  makeLink,
  type Person,
  startLink,
  type World,
} from './support/world.ts';

// what a process left unfinished when it died is resolved by any other

let world: World;
let person: Person;
let hostile: TestHost;

beforeAll(async () => {
  hostile = await startTestHost('hostile');
  world = await createWorld({ hosts: [hostile] });
  const recovery = { everySeconds: 1, lostAfterSeconds: 600, resumeLinksAfterSeconds: 1 };
  await world.replica({ recovery });
  person = await world.person();
});
afterAll(async () => {
  await world.close();
  await hostile.stop();
});
beforeEach(() => {
  world.host.behaviour = {};
});

const linkCount = async (): Promise<number> =>
  Number((await world.pool.query("select count(*) from link where state = 'active'")).rows[0]?.count);
const isSettled = async (stateHash: Buffer): Promise<boolean> => {
  const { rows } = await world.pool.query<{ open: boolean }>(
    'select answer is not null as open from link_attempt where state_hash = $1',
    [stateHash],
  );
  return rows[0]?.open === false;
};
const redemptions = (code: string, host = world.host): number =>
  host.callsOf('/token').filter(({ form }) => form.get('code') === code).length;

/** Leaves an attempt as a process does that dies after it sent the code. */
async function leaveUnfinished(code: string, host = world.host): Promise<Buffer> {
  const { state } = await startLink(person, host);
  const stateHash = sha256(state);
  const vault = createVault(deriveKey(world.config.encryptionKey, 'am/vault'));
  const answer = vault.encrypt(
    new URLSearchParams({ code, state, iss: host.issuer }).toString(),
    `${stateHash.toString('base64url')}|${person.ownerId}|answer`,
  );
  await world.pool.query(
    `update link_attempt set used_at = now(), answer = $2, resume_at = now() + interval '1 second'
      where state_hash = $1`,
    [stateHash, answer],
  );
  return stateHash;
}

describe('a link whose process died after it sent the code', () => {
  test('is made by sending the code again, when the Host had not seen it', async () => {
    const before = await linkCount();
    const stateHash = await leaveUnfinished('unseen');
    await eventually(() => isSettled(stateHash));
    expect(redemptions('unseen')).toBe(1);
    expect(await linkCount()).toBe(before + 1);
  });

  test('is given up for good when the Host refuses the code, which ends what it had yielded', async () => {
    const before = await linkCount();
    world.host.behaviour.token = () => ({ status: 400, json: { error: 'invalid_grant' } });
    const stateHash = await leaveUnfinished('seen');
    await eventually(() => isSettled(stateHash));
    expect(redemptions('seen')).toBe(1);
    expect(await linkCount()).toBe(before);
  });

  test('is asked for again while the Host cannot answer', async () => {
    const before = await linkCount();
    world.host.behaviour.token = () =>
      redemptions('later') < 2
        ? { status: 503, json: { error: 'temporarily_unavailable' } }
        : { status: 200, json: linkTokens() };
    const stateHash = await leaveUnfinished('later');
    await eventually(() => isSettled(stateHash));
    expect(redemptions('later')).toBe(2);
    expect(await linkCount()).toBe(before + 1);
  });
});

describe('beside a Host that does not answer', () => {
  test('an honest Host’s open link is settled, however many of that one’s are older', async () => {
    hostile.behaviour.token = () => 'hang';
    for (let n = 0; n < 25; n++) await leaveUnfinished(`hostile${n}`, hostile);
    await world.pool.query(`update link_attempt set resume_at = now() - interval '1 hour' where resume_at is not null`);
    await hostile.called(({ path }) => path === '/token');
    const before = hostile.callsOf('/token').length;
    const stateHash = await leaveUnfinished('beside');
    await eventually(() => isSettled(stateHash));
    expect(redemptions('beside')).toBe(1);
    expect(hostile.callsOf('/token').length - before).toBeLessThan(10);
    await world.pool.query('delete from link_attempt where resume_at is not null');
  });
});

describe('a link under way when its owner stops everything', () => {
  const ownLinks = async (): Promise<number | null> =>
    (await world.pool.query("select from link where state = 'active' and owner_id = $1", [person.ownerId])).rowCount;
  const stopEverything = async (): Promise<void> => {
    expect((await person.browser.submit('/apps', '/stop-everything')).status).toBe(303);
  };

  test('is not made after that: what the code yields is handed back', async () => {
    world.host.behaviour.token = async ({ form }) => {
      if (redemptions('stopped-under-way') > 1) return { status: 400, json: { error: 'invalid_grant' } };
      expect(form.get('code')).toBe('stopped-under-way');
      await stopEverything();
      return { status: 200, json: linkTokens({ refresh_token: 'after-the-stop' }) };
    };
    const stateHash = await leaveUnfinished('stopped-under-way');
    await eventually(() => isSettled(stateHash));
    expect(await ownLinks()).toBe(0);
    expect(world.host.callsOf('/revoke').map(({ form }) => form.get('token'))).toContain('after-the-stop');
  });

  test('is not made later either', async () => {
    world.host.behaviour.token = () => ({ status: 503, json: { error: 'temporarily_unavailable' } });
    const stateHash = await leaveUnfinished('stopped-meanwhile');
    await stopEverything();
    world.host.behaviour.token = () => ({ status: 200, json: linkTokens({ refresh_token: 'long-after-the-stop' }) });
    await eventually(() => isSettled(stateHash));
    expect(await ownLinks()).toBe(0);
    expect(world.host.callsOf('/revoke').map(({ form }) => form.get('token'))).toContain('long-after-the-stop');
  });
});

describe('a Host that does not say what it did with a code', () => {
  test('the owner reads that nothing was linked, and that stays true: a later grant is handed back', async () => {
    const before = await linkCount();
    world.host.behaviour.token = () => ({ status: 503, json: { error: 'temporarily_unavailable' } });
    const { callback, state } = await startLink(person, world.host);
    const query = new URLSearchParams({ code: 'silent', state, iss: world.host.issuer }).toString();
    const page = await person.browser.get(`${callback}?${query}`);
    expect([page.status, page.words.includes('nothing was kept here')]).toEqual([502, true]);
    world.host.behaviour.token = () => ({ status: 200, json: linkTokens({ refresh_token: 'too-late' }) });
    // the first process would wait for a minute
    await world.pool.query(`update link_attempt set resume_at = now() where state_hash = $1`, [sha256(state)]);
    await eventually(() => isSettled(sha256(state)));
    expect(world.host.callsOf('/revoke').at(-1)?.form.get('token')).toBe('too-late');
    expect(await linkCount()).toBe(before);
  });
});

describe('an intent whose process died', () => {
  test('is closed as lost when nobody can be working on it any more, and not before; its row stays', async () => {
    const { id } = await makeConnection(world, person, [await makeLink(world, person)]);
    const insert = (row: string, age: string) =>
      world.pool.query(
        `insert into transfer (bucket, id, owner_id, connection_id, link_id, host_id, client_id, resource, scopes, jkt,
          policy_version, started_at)
         select 0, $1, $2, $3, link_id, host_id, 'https://reader.example/client', 'https://photos.example/api',
           array['photos.read'], 'a-key', 1, now() - $4::interval
         from connection_host where connection_id = $3`,
        [row, person.ownerId, id, age],
      );
    await insert('tr_old', '11 minutes');
    await insert('tr_young', '9 minutes');
    const states = async () =>
      (await world.pool.query(`select id, state, error from transfer where connection_id = $1 order by id`, [id])).rows;
    const seen = await eventually(async () => {
      const rows = await states();
      return rows.some(({ state }) => state === 'failed') && rows;
    });
    expect(seen).toEqual([
      { id: 'tr_old', state: 'failed', error: 'lost' },
      { id: 'tr_young', state: 'intent', error: null },
    ]);
  });

  test('is looked for only since all earlier ones had an outcome; an open one is never before that', async () => {
    const since = async () =>
      (
        await world.pool.query<{ since: Date; open: Date }>(
          `select before as since, (select min(started_at) from transfer where state = 'intent') as open
            from transfer_settled`,
        )
      ).rows[0];
    const { id } = await makeConnection(world, person, [await makeLink(world, person)]);
    await world.pool.query(`update transfer set state = 'failed', closed_at = now() where state = 'intent'`);
    await world.pool.query(`update transfer_settled set before = now() - interval '1 day'`);
    const open = () =>
      world.pool.query(
        `insert into transfer (bucket, id, owner_id, connection_id, link_id, host_id, client_id, resource, scopes, jkt,
          policy_version, started_at)
         select 0, 'tr_open', $1, $2, link_id, host_id, 'https://reader.example/client', 'https://photos.example/api',
           array['photos.read'], 'a-key', 1,
           now() - interval '20 hours'
         from connection_host where connection_id = $2`,
        [person.ownerId, id],
      );
    await open();
    // the row is locked: it is left for the next run, and so is everything after it
    const client = await world.pool.connect();
    await client.query(`begin; select 1 from transfer where id = 'tr_open' for update`);
    await closeLost(world.pool, { olderThanSeconds: 600 });
    const kept = await since();
    expect(kept?.since.getTime()).toBeLessThanOrEqual(kept?.open.getTime() ?? 0);
    await client.query('rollback');
    client.release();
    expect(await eventually(async () => (await since())?.open === null)).toBe(true);
    await closeLost(world.pool, { olderThanSeconds: 600 });
    expect((await since())?.since.getTime()).toBeGreaterThan((kept?.open.getTime() ?? 0) + 3_600_000);
  });
});
