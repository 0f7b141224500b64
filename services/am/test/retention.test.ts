import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase } from '@chatelaine/dev-postgres';
import { applyMigrations, openPool } from '@chatelaine/postgres';
import { checkpointKeysOf } from '../src/checkpoint-keys.ts';
import { STREAMS } from '../src/checkpoints/codes.ts';
import { makeCheckpoints } from '../src/checkpoints/make-checkpoints.ts';
import { verifyChain } from '../src/checkpoints/verify-chain.ts';
import { migrationDirs } from '../src/resources.ts';
import { partitionDays } from '../src/retention/partitions.ts';
import { retain } from '../src/retention/retention.ts';
import { createWorld, makeConnection, makeLink, type World } from './support/world.ts';

const DAY = 86_400_000;
const checkpointKeys = checkpointKeysOf(Buffer.alloc(32, 1));
const KEPT = { transferDays: 24, revocationDays: 32, timelineDays: 40 };

let world: World;
let owner: string;
let link: string;
let connection: string;
beforeAll(async () => {
  world = await createWorld();
  const person = await world.person();
  owner = person.ownerId;
  link = await makeLink(world, person);
  connection = (await makeConnection(world, person, [link])).id;
});
afterAll(() => world.close());

/**
 * Writes a transfer, a revocation and a timeline entry as of `at`; with `waits`, transfer and revocation are still
 * open.
 */
async function write(at: Date, how: 'settled' | 'waits' = 'settled'): Promise<void> {
  const { pool } = world;
  const tail = `'7' || substr(replace(gen_random_uuid()::text, '-', ''), 14)`;
  const closed = how === 'settled' ? `'minted', $4::timestamptz` : `'intent', null`;
  await pool.query(
    `insert into transfer (bucket, id, owner_id, connection_id, link_id, host_id, client_id, resource, policy_version,
      state, closed_at, started_at)
     select 7, time_id_from('tr', $4) || ${tail}, $1, $2, l.id, l.host_id, 'c', 'r', 0, ${closed}, $4 from link l
       where l.id = $3`,
    [owner, connection, link, at],
  );
  const confirmed = how === 'settled' ? `'confirmed', $4::timestamptz` : `'pending', null`;
  await pool.query(
    `insert into revocation (id, owner_id, link_id, host_id, connection_id, grant_id, state, confirmed_at, created_at)
     select time_id_from('rev', $4) || ${tail}, $1, l.id, l.host_id, $2, 'g', ${confirmed}, $4 from link l
       where l.id = $3`,
    [owner, connection, link, at],
  );
  await pool.query(
    `insert into timeline_entry (id, owner_id, at, kind, data)
      values (time_number_from($2) | (nextval('timeline_entry_id_seq') & 1048575), $1, $2, 'told', '{}')`,
    [owner, at],
  );
}

const work = (now: Date): Promise<void> =>
  retain({ pool: world.pool, log: world.am.app.log, checkpointKeys, config: { retention: KEPT } }, { now });

interface Stored {
  table: string;
  rows: number;
  partitions: number;
  unplaced: number;
}
async function stored(table: string): Promise<Stored> {
  const { rows } = await world.pool.query<Stored>(
    `select $1 as table, (select count(*)::int from ${table}) as rows, (select count(*)::int
      from ${table}_default) as unplaced,
       (select count(*)::int from pg_inherits where inhparent = to_regclass($1)) as partitions`,
    [table],
  );
  return rows[0] ?? { table, rows: -1, partitions: -1, unplaced: -1 };
}

describe('what is over', () => {
  test('of two years is kept by the month, of a season by the eighth', () => {
    expect([730, 90, 24, 1].map(partitionDays)).toEqual([31, 12, 3, 1]);
  });

  test('goes with its partition: four months leave no more of it than two, but for its checkpoints', async () => {
    const start = Date.now();
    await write(new Date(start - DAY));
    const deps = { pool: world.pool, checkpointKeys };
    await world.pool.query(`update checkpoint_progress set before = now() - interval '2 days'`);
    expect(await makeCheckpoints(deps, { afterSeconds: 0 })).toBeGreaterThan(0);
    const tables = { transfer: 24, revocation: 32, timeline_entry: 40 };
    const every = 4;
    for (let day = 0; day <= 120; day += every) {
      const now = new Date(start + day * DAY);
      await work(now);
      await write(now);
      if (day < 60 || day % 20 !== 0) continue;
      for (const [table, days] of Object.entries(tables)) {
        const { rows, partitions, unplaced } = await stored(table);
        expect(rows).toBeGreaterThanOrEqual(days / every);
        // at most an eighth more, and the row of the day itself
        expect(rows).toBeLessThanOrEqual((days + days / 8) / every + 1);
        expect(partitions).toBeLessThanOrEqual(14);
        expect(unplaced).toBe(0);
      }
    }
    for (const stream of STREAMS) {
      const verified = await verifyChain(deps, { ownerId: owner, stream, known: [] });
      expect(verified).toMatchObject({ checkpoints: 1, good: 0, faults: [], last: { rows: null } });
    }
  });

  test('is dropped of a table in use within a moment, or later: nobody who uses it waits', async () => {
    const now = new Date(Date.now() + 400 * DAY);
    const before = await stored('transfer');
    const reader = await world.pool.connect();
    try {
      await reader.query('begin');
      await reader.query('select from transfer');
      await work(now);
      expect((await stored('transfer')).partitions).toBeGreaterThanOrEqual(before.partitions);
      // it has left no lock behind for which others would have to wait
      await write(now);
    } finally {
      await reader.query('rollback');
      reader.release();
    }
    await work(now);
    expect((await stored('transfer')).rows).toBe(1);
  });

  test('spares what is under way: a pending end and an open transfer stay until they are settled', async () => {
    const now = new Date(Date.now() + 800 * DAY);
    await work(now);
    // otherwise the AM's job would send the revocation meanwhile
    world.host.behaviour.revoke = () => ({ status: 503 });
    await write(now, 'waits');
    await write(now);
    const later = new Date(now.getTime() + 200 * DAY);
    await work(later);
    const rows = async (table: string) =>
      (await world.pool.query<{ state: string }>(`select state from ${table}`)).rows.map(({ state }) => state);
    expect(await rows('transfer')).toEqual(['intent']);
    expect(await rows('revocation')).toEqual(['pending']);
    await world.pool.query(`update transfer set state = 'failed', closed_at = now()`);
    await world.pool.query(`update revocation set state = 'confirmed', confirmed_at = now()`);
    await work(later);
    expect(await rows('transfer')).toEqual([]);
    expect(await rows('revocation')).toEqual([]);
  });
});

describe('a row for which no partition was made', () => {
  test('is written all the same, and goes in time; partitions are made again from the next day on', async () => {
    const now = new Date(Date.now() + 1200 * DAY);
    await write(now);
    expect((await stored('transfer')).unplaced).toBe(1);
    await work(now);
    const tomorrow = new Date(now.getTime() + DAY);
    await write(tomorrow);
    for (const table of ['transfer', 'revocation', 'timeline_entry'])
      expect(await stored(table)).toMatchObject({ rows: 2, unplaced: 1 });
    await work(new Date(now.getTime() + 60 * DAY));
    for (const table of ['transfer', 'revocation', 'timeline_entry'])
      expect(await stored(table)).toMatchObject({ rows: 0, unplaced: 0 });
  });

  test('is that of a version before this one, whose ids say no time', async () => {
    const { pool } = world;
    await pool.query(
      `insert into revocation (id, owner_id, link_id, host_id, state, confirmed_at, created_at)
       select 'rev_' || replace(gen_random_uuid()::text, '-', ''), $1, id, host_id, 'confirmed', now(),
         now() - interval '33 days' from link where id = $2`,
      [owner, link],
    );
    await work(new Date());
    expect((await pool.query(`select from revocation where created_at < now() - interval '32 days'`)).rowCount).toBe(0);
  });
});

describe('the migration', () => {
  test('keeps every row: what is over under an id of its time, what is under way under its own', async () => {
    const own = path.join(import.meta.dirname, '..', 'prisma', 'migrations');
    const older = mkdtempSync(path.join(tmpdir(), 'migrations-'));
    for (const name of readdirSync(own).filter((one) => one < '20261129'))
      cpSync(path.join(own, name), path.join(older, name), { recursive: true });
    const instances = [{ role: 'am', dirs: [older, ...migrationDirs.filter((dir) => path.resolve(dir) !== own)] }];
    const database = await createTestDatabase(world.embedded, { instances, apply: applyMigrations });
    const pool = openPool({ url: database.url('am'), name: 'test', max: 1 });
    try {
      await pool.query(`insert into transfer (bucket, id, owner_id, connection_id, link_id, host_id, client_id,
        resource, policy_version, state, started_at, closed_at)
        select n, 'tr_' || n, 'owner', 'con', 'link', 'host', 'c', 'r', n, case when n = 0 then 'intent'
          else 'minted' end,
          now() - n * interval '1 day', case when n > 0 then now() - n * interval '1 day' end
            from generate_series(0, 100) n`);
      await pool.query(`insert into revocation (id, owner_id, link_id, host_id, state, created_at, confirmed_at)
        select 'rev_' || n, 'owner', 'link', 'host', case when n = 0 then 'pending' else 'confirmed' end,
          now() - n * interval '1 day', case when n > 0 then now() end from generate_series(0, 100) n`);
      await pool.query(`insert into timeline_entry (owner_id, at, kind, data)
        select 'owner', now() - interval '100 days' + n * interval '1 day', 'k' || n, '{}'
          from generate_series(0, 100) n`);
      const read = async () => ({
        transfers: (
          await pool.query(
            `select bucket, owner_id, policy_version, state, started_at, closed_at from transfer order by bucket`,
          )
        ).rows,
        revocations: (
          await pool.query('select owner_id, state, created_at, confirmed_at from revocation order by created_at')
        ).rows,
        entries: (await pool.query('select kind, at from timeline_entry order by id')).rows,
      });
      const before = await read();
      await applyMigrations(database.url('am'), [...migrationDirs]);
      expect(await read()).toEqual(before);
      const ids = await pool.query(
        `select id from transfer where state = 'intent' union select id from revocation
          where state = 'pending' order by id`,
      );
      expect(ids.rows.map(({ id }) => id)).toEqual(['rev_0', 'tr_0']);
      const misplaced = await pool.query(
        `select id from transfer_default where state <> 'intent' union select id from revocation_default
          where state <> 'pending' union select id::text from timeline_entry_default`,
      );
      expect(misplaced.rows).toEqual([]);
      // the previous version still writes, as it did before
      await pool.query(
        `insert into revocation (id, owner_id, link_id, host_id)
          values ('rev_' || replace(gen_random_uuid()::text, '-', ''), 'owner', 'link', 'host')`,
      );
      await pool.query(`select timeline_append('owner', 'k101', '{}')`);
      expect((await read()).entries.at(-1)).toMatchObject({ kind: 'k101' });
    } finally {
      await pool.end();
      await database.drop();
      rmSync(older, { recursive: true });
    }
  });

  test('leaves no step that makes an id of an end by itself: without a time it would find no partition', async () => {
    const { rows } = await world.pool.query<{ name: string }>(
      `select proname as name from pg_proc where pronamespace = current_schema()::regnamespace
        and prosrc ~ 'gen_random_uuid' and proname <> 'time_id'`,
    );
    expect(rows).toEqual([]);
  });
});
