import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { reapAttempts } from '../src/linking/attempt-store.ts';
import { reapUnfinished } from '../src/connections/unfinished-store.ts';
import { reapDeferrals } from '../src/transfer/deferred/deferral-store.ts';
import { createWorld, makeConnection, makeLink, startLink, type World } from './support/world.ts';

let world: World;

beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

describe('what is cleared away', () => {
  test('a connection whose grant never came, ten minutes on, with its rules; no other', async () => {
    const person = await world.person();
    const linkId = await makeLink(world, person);
    const { pool } = world;
    const [unfinished, fresh, live, ended] = await Promise.all(
      Array.from({ length: 4 }, async () => (await makeConnection(world, person, [linkId])).id),
    );
    await pool.query(
      `insert into rule (id, owner_id, connection_id, effect) select 'rule_' || id, owner_id, id, 'allow'
        from connection`,
    );
    await pool.query(`update connection set created_at = now() - interval '11 minutes' where id = any($1)`, [
      [unfinished, live, ended],
    ]);
    await pool.query(`select oauth_end_grant($1, 'owner')`, [ended]);
    await pool.query('delete from oauth_grant where id = any($1)', [[unfinished, fresh, ended]]);
    // deleting the kernel's grants ended these connections, too
    await pool.query('update connection set ended_at = null where id = any($1)', [[unfinished, fresh]]);
    expect(await reapUnfinished(world)).toBe(1);
    const left = await pool.query<{ id: string }>('select id from connection');
    expect(new Set(left.rows.map(({ id }) => id))).toEqual(new Set([fresh, live, ended]));
    const rules = await pool.query<{ connection_id: string | null }>('select connection_id from rule');
    expect(rules.rows.map(({ connection_id }) => connection_id)).not.toContain(null);
    expect(rules.rowCount).toBe(3);
  });

  test('deferrals a day after their hour; until then a late poll hears that it is late', async () => {
    const person = await world.person();
    const { id } = await makeConnection(world, person, [await makeLink(world, person)]);
    await world.pool.query(
      `insert into deferral (bucket, hash, connection_id, client_id, jkt, resource, ask_id, expires_at)
       select 1, sha256(age::text::bytea), $1, 'c', 'k', 'https://photos.example/api', 'ask_1', now() - age
       from unnest(array[interval '25 hours', interval '23 hours', interval '-1 hour']) as age`,
      [id],
    );
    expect(await reapDeferrals(world.pool)).toBe(1);
    expect((await world.pool.query('select 1 from deferral')).rowCount).toBe(2);
  });

  test('attempts that can no longer be finished; no other', async () => {
    const person = await world.person();
    await startLink(person, world.host);
    await world.pool.query(`update link_attempt set expires_at = now() - interval '1 second'`);
    await startLink(person, world.host);
    await reapAttempts(world);
    expect((await world.pool.query('select 1 from link_attempt')).rowCount).toBe(1);
  });
});
