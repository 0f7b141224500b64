import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createInstance, type Embedded, type Instance, startEmbedded } from '@chatelaine/dev-postgres';
import { eventually } from '@chatelaine/test-kit';
import {
  applyMigrations,
  defineQuery,
  inTransaction,
  isDatabaseUnavailable,
  openPool,
  type Pool,
  run,
  runOne,
} from '../src/index.ts';

let server: Embedded;
let instance: Instance;
let pool: Pool;

beforeAll(async () => {
  server = await startEmbedded();
  instance = await createInstance(server, { role: 'inn', dirs: [], apply: applyMigrations });
  pool = openPool({ url: instance.url, name: 'test' });
  await pool.query('create table purse (owner text primary key, coins int not null)');
});
afterAll(async () => {
  await pool.end();
  await server.stop();
});

describe('queries', () => {
  test('are named, typed and return rows', async () => {
    const one = defineQuery<{ n: number }>({ name: 'test.one', text: 'select $1::int as n' });
    expect(await run(pool, one, [3])).toEqual([{ n: 3 }]);
    expect(await runOne(pool, one, [3])).toEqual({ n: 3 });
    expect(await runOne(pool, defineQuery({ name: 'test.none', text: 'select 1 where false' }))).toBeNull();
  });

  test('one name stands for one text', () => {
    defineQuery({ name: 'test.same', text: 'select 1' });
    expect(() => defineQuery({ name: 'test.same', text: 'select 2' })).toThrow('Two queries are named test.same.');
  });
});

describe('transactions', () => {
  const READ = defineQuery<{ coins: number }>({ name: 'test.read', text: 'select coins from purse where owner = $1' });
  const WRITE = defineQuery({ name: 'test.write', text: 'update purse set coins = $2 where owner = $1' });

  test('a failed one is rolled back, and its connection can be used afterwards', async () => {
    await pool.query("insert into purse values ('ada', 10)");
    const spend = inTransaction(pool, async (tx) => {
      await run(tx, WRITE, ['ada', 0]);
      throw new Error('changed her mind');
    });
    await expect(spend).rejects.toThrow('changed her mind');
    expect(await runOne(pool, READ, ['ada'])).toEqual({ coins: 10 });
    expect(pool.waitingCount).toBe(0);
  });

  test('serialization failures are retried, three times at most', async () => {
    await pool.query("insert into purse values ('bob', 0)");
    const add = () =>
      inTransaction(
        pool,
        async (tx) => {
          const purse = await runOne(tx, READ, ['bob']);
          await run(tx, WRITE, ['bob', (purse?.coins ?? 0) + 1]);
        },
        { isolation: 'serializable' },
      );
    await Promise.all([add(), add()]);
    expect(await runOne(pool, READ, ['bob'])).toEqual({ coins: 2 });
    let tries = 0;
    const never = inTransaction(pool, async () => {
      tries++;
      throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
    });
    await expect(never).rejects.toThrow('deadlock');
    expect(tries).toBe(4);
  });
});

describe('a statement that waits', () => {
  const LOCK = defineQuery<{ owner: string }>({
    name: 'test.lock',
    text: 'select owner from purse where owner = $1 for update',
  });
  let hurried: Pool;
  beforeAll(async () => {
    await pool.query("insert into purse values ('eve', 1)");
    hurried = openPool({ url: instance.url, name: 'hurried', max: 1, lockTimeoutMs: 20 });
    await hurried.query('select 1');
  });
  afterAll(() => hurried.end());
  /** Holds a row lock in another transaction while `during` runs, or until it calls `release`. */
  const locked = (during: (release: () => void) => Promise<unknown>): Promise<unknown> =>
    inTransaction(pool, async (tx) => {
      await run(tx, LOCK, ['eve']);
      let release: () => void = () => undefined;
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const outcome = during(release);
      await Promise.race([released, outcome]);
      return () => outcome;
    }).then((outcome) => outcome());

  test('for a lock fails after the lock timeout of its pool, which is answered 503', async () => {
    await locked(async () => {
      const error: unknown = await run(hurried, LOCK, ['eve']).catch((refused: unknown) => refused);
      expect(error).toMatchObject({ code: '55P03' });
      expect(isDatabaseUnavailable(error)).toBe(true);
    });
    const { rows } = await pool.query<{ lock_timeout: string }>('show lock_timeout');
    expect(rows).toEqual([{ lock_timeout: '450ms' }]);
  });

  test('for a lock goes on waiting in a patient transaction', async () => {
    await locked(async (release) => {
      const waits = inTransaction(hurried, (tx) => runOne(tx, LOCK, ['eve']), { patient: true });
      const blocked = `select pg_blocking_pids(pid) <> '{}' and clock_timestamp() > query_start + interval '60 ms' as it
        from pg_stat_activity where application_name = 'hurried'`;
      await eventually(async () => (await pool.query<{ it: boolean }>(blocked)).rows.some(({ it }) => it));
      release();
      expect(await waits).toEqual({ owner: 'eve' });
    });
  });
});

describe('a commit that is cancelled while it waits for a standby', () => {
  const admin = async (sql: string) => {
    const superuser = openPool({ url: server.url('postgres'), name: 'admin', max: 1 });
    const { rows } = await superuser.query<{ found: boolean }>(sql).finally(() => superuser.end());
    return rows;
  };
  // restarted, because after a mere reload commits start to wait only once the checkpointer has read the setting, and
  // nobody can ask it whether it has
  const waitFor = async (standby: string) => {
    await admin(`alter system set synchronous_standby_names = '${standby}'`);
    await server.crash();
    await server.restart();
  };
  beforeAll(() => waitFor('nobody'));
  afterAll(() => waitFor(''));

  const CANCEL = `select pg_cancel_backend(pid) as found from pg_stat_activity where wait_event = 'SyncRep'`;
  /**
   * Cancels the wait of `write`; rejects if it ended without waiting. Returns its outcome: its error, or `null` if it
   * succeeded.
   */
  const cancelled = async (write: Promise<unknown>): Promise<unknown> => {
    let ended = false;
    const outcome = write
      .then(
        () => null,
        (error: unknown) => error,
      )
      .finally(() => {
        ended = true;
      });
    await eventually(async () => {
      if ((await admin(CANCEL)).length > 0) return true;
      if (ended) throw new Error('This commit waited for nobody.');
      return false;
    });
    return outcome;
  };

  test.each([
    ['a statement', () => pool.query("insert into purse values ('a statement', 1)")],
    ['a transaction', () => inTransaction(pool, (tx) => tx.query("insert into purse values ('a transaction', 1)"))],
  ])('%s is not taken for done, whatever Postgres says', async (_what, write) => {
    const error = await cancelled(write());
    expect(error).toMatchObject({ code: '08007' });
    expect(isDatabaseUnavailable(error)).toBe(true);
    expect((await pool.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
  });

  test('fails by our own limit if nobody cancels it: Postgres has none for this wait', async () => {
    const impatient = openPool({ url: instance.url, name: 'test', max: 1, statementTimeoutMs: 1_000 });
    const given = inTransaction(impatient, (tx) => tx.query("insert into purse values ('without end', 1)"));
    await expect(given).rejects.toThrow('Query read timeout');
    expect(await admin(CANCEL)).toHaveLength(1);
    await impatient.end();
  });
});
