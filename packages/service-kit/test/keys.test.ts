import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createInstance, type Embedded, type Instance, sharedEmbedded } from '@chatelaine/dev-postgres';
import { createVault, deriveKey, generateSigningKey, publicJwks } from '@chatelaine/crypto';
import { applyMigrations, openPool, type Pool } from '@chatelaine/postgres';
import { eventually } from '@chatelaine/test-kit';
import {
  keptSecretPlace,
  migrationsDir,
  openSessionKeys,
  openSigningKeys,
  openVault,
  replaceSessionKeys,
  replaceSigningKey,
  reseal,
  rotateSigningKey,
  type SealedPlace,
  signingKeyPlace,
} from '../src/index.ts';

let server: Embedded;
let instance: Instance;
let pool: Pool;

const [OLD, NEW, OTHER] = [1, 2, 3].map((n) => Buffer.alloc(32, n)) as [Buffer, Buffer, Buffer];
/** Two of them are more than one batch. */
const EACH = 60;
const placeOf = (kid: string) => `signing_key|${kid}`;
const chest: SealedPlace = {
  table: 'chest',
  column: 'gold',
  key: ['owner', 'n'],
  also: { town: '(select name from town t where t.owner = chest.owner)' },
  place: ({ owner, n, town }) => `${String(owner)}|${String(n)}|${String(town)}`,
};
const places = [signingKeyPlace(placeOf), keptSecretPlace, chest];

beforeAll(async () => {
  server = await sharedEmbedded();
});
afterAll(() => server.stop());

/** A database of its own for each story. */
async function fresh(): Promise<void> {
  await pool?.end();
  instance = await createInstance(server, { role: 'inn', dirs: [migrationsDir], apply: applyMigrations });
  pool = openPool({ url: instance.url, name: 'test' });
  await pool.query(`
    create table signing_key (kid text primary key, alg text not null, sealed bytea not null,
      created_at timestamptz(3) not null default now(), use_from timestamptz(3), retired_at timestamptz(3));
    create table town (owner text primary key, name text);
    create table chest (owner text, n int, gold bytea, primary key (owner, n));
    insert into town values ('ada', 'York'), ('bob', 'Hull')`);
}
afterAll(() => pool.end());

async function waitForLock(): Promise<void> {
  const waiting = `select from pg_locks where locktype = 'advisory' and not granted`;
  await eventually(async () => (await pool.query(waiting)).rowCount !== 0);
}

const open = (encryptionKey: Buffer, ...previousEncryptionKeys: Buffer[]) =>
  openVault({ pool, config: { encryptionKey, previousEncryptionKeys }, label: 'inn', places });

describe('the encryption key', () => {
  beforeAll(fresh);

  test('of a database from before keys were numbered is found by what it sealed', async () => {
    const before = createVault(deriveKey(OLD, 'inn'));
    const rows = [
      ['ada', 'York'],
      ['bob', 'Hull'],
    ].flatMap(([owner, town]) =>
      Array.from({ length: EACH }, (_, n) => ({
        owner,
        n,
        gold: before.seal(`${owner}'s ${n}`, `${owner}|${n}|${town}`),
      })),
    );
    await pool.query('insert into chest select * from unnest($1::text[], $2::int[], $3::bytea[])', [
      rows.map(({ owner }) => owner),
      rows.map(({ n }) => n),
      rows.map(({ gold }) => gold),
    ]);
    await expect(open(NEW)).rejects.toThrow('ENCRYPTION_KEY is not the key that this database was sealed with');
    const vault = await open(OLD);
    expect(vault.keyId).toBe(1);
  });

  test('that is another one than before is refused, in one sentence', async () => {
    await expect(open(NEW)).rejects.toMatchObject({
      name: 'ConfigError',
      problems: [expect.stringMatching(/^ENCRYPTION_KEY is not the key .*\.$/)],
    });
  });

  test('is replaced while processes with either order of the keys read and write', async () => {
    const opensOf = async () => {
      const { rows } = await pool.query<{ owner: string; n: number; gold: Buffer; town: string }>(
        'select c.owner, n, gold, name as town from chest c join town t using (owner) where gold is not null',
      );
      return rows;
    };
    const before = await open(OLD, NEW); // first everywhere: the new one is known, and seals nothing
    const after = await open(NEW, OLD);
    expect([before.keyId, after.keyId]).toEqual([1, 2]);
    let failures = 0;
    let done = false;
    const traffic = async (): Promise<void> => {
      for (let round = 0; !done; round++) {
        const seals = round % 2 === 0 ? before : after;
        for (const { owner, n, gold, town } of await opensOf()) {
          try {
            if (before.open(gold, `${owner}|${n}|${town}`) !== after.open(gold, `${owner}|${n}|${town}`)) failures++;
          } catch {
            failures++;
          }
        }
        const place = 'ada|0|York';
        await pool.query(`update chest set gold = $1 where owner = 'ada' and n = 0`, [seals.seal("ada's 0", place)]);
      }
    };
    const running = traffic();
    const first = await reseal({ pool, vault: after }, places);
    done = true;
    await running;
    expect(failures).toBe(0);
    expect(first).toMatchObject({ unreadable: 0 });
    expect(first.resealed).toBeGreaterThanOrEqual(2 * EACH - 1);
    expect(await reseal({ pool, vault: after }, places)).toMatchObject({ left: 0, unreadable: 0 });
    for (const { owner, n, gold, town } of await opensOf())
      expect(after.open(gold, `${owner}|${n}|${town}`)).toBe(`${owner}'s ${n}`);
  });

  test('is not put in the way of a change: what somebody else wrote meanwhile stays', async () => {
    const [before, after] = [await open(OLD, NEW), await open(NEW, OLD)];
    const place = 'ada|1|York';
    await pool.query(`update chest set gold = $1 where owner = 'ada' and n = 1`, [before.seal('old', place)]);
    const other = await pool.connect();
    await other.query('begin');
    await other.query(`update chest set gold = $1 where owner = 'ada' and n = 1`, [after.seal('new', place)]);
    const resealing = reseal({ pool, vault: after }, places);
    const waiting = async () =>
      (await pool.query(`select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`))
        .rowCount;
    await eventually(async () => (await waiting()) !== 0);
    await other.query('commit');
    other.release();
    expect(await resealing).toEqual({ resealed: 0, left: 0, unreadable: 0 });
    expect(after.open(await goldOf('ada', 1), place)).toBe('new');
  });

  test('that is still needed must stay, and one that is not may go', async () => {
    await open(NEW); // nothing is sealed with the old one any more
    const place = 'bob|7|Hull';
    const other = await open(OTHER, NEW);
    await pool.query(`update chest set gold = $1 where owner = 'bob' and n = 7`, [other.seal('x', place)]);
    await expect(open(NEW)).rejects.toThrow(
      'ENCRYPTION_KEY_PREVIOUS lacks a key that 1 stored secrets are still sealed with: put it back and run',
    );
    const back = await open(NEW, OTHER);
    expect(await reseal({ pool, vault: back }, places)).toEqual({ resealed: 1, left: 0, unreadable: 0 });
    expect((await open(NEW)).open(await goldOf('bob', 7), place)).toBe('x');
  });

  test('that is known by its fingerprint alone: the database has no part of it', async () => {
    const { rows } = await pool.query<{ fingerprint: Buffer }>('select fingerprint from encryption_key');
    for (const { fingerprint } of rows)
      for (const key of [OLD, NEW, OTHER]) {
        expect(fingerprint.equals(key)).toBe(false);
        expect(fingerprint.equals(deriveKey(key, 'inn'))).toBe(false);
      }
  });

  const goldOf = async (owner: string, n: number): Promise<Buffer> => {
    const { rows } = await pool.query<{ gold: Buffer }>('select gold from chest where owner = $1 and n = $2', [
      owner,
      n,
    ]);
    return rows[0]?.gold ?? Buffer.alloc(0);
  };
});

describe('session keys', () => {
  beforeAll(fresh);

  test('are the same before and after the encryption key is replaced: nobody is signed out', async () => {
    const first = await openSessionKeys({ pool, vault: await open(OLD), seed: OLD });
    const vault = await open(NEW, OLD);
    await reseal({ pool, vault }, places);
    expect(await openSessionKeys({ pool, vault: await open(NEW), seed: NEW })).toEqual(first);
  });

  test('are other ones when that is asked for', async () => {
    const vault = await open(NEW);
    const first = await openSessionKeys({ pool, vault, seed: NEW });
    await replaceSessionKeys({ pool, vault });
    expect(await openSessionKeys({ pool, vault, seed: NEW })).not.toEqual(first);
  });
});

describe('signing keys', () => {
  beforeAll(fresh);
  const kids = (keys: { all: readonly { kid: string }[] }) => keys.all.map(({ kid }) => kid);

  test('made by one process while another waits for it is one that the other can use at once', async () => {
    const { privateJwk, kid, alg } = generateSigningKey();
    const vault = await open(OLD);
    const first = await pool.connect();
    await first.query('begin');
    await first.query('select pg_advisory_xact_lock(4823001)');
    const second = openSigningKeys({ pool, vault, placeOf });
    await waitForLock();
    const sealed = vault.seal(JSON.stringify(privateJwk), placeOf(kid));
    const insert = 'insert into signing_key (kid, alg, sealed, use_from) values ($1, $2, $3, clock_timestamp())';
    await first.query(insert, [kid, alg, sealed]);
    await first.query('commit');
    first.release();
    expect((await second).current.kid).toBe(kid);
    await pool.query('delete from signing_key');
  });

  test('processes that start together sign with the same one', async () => {
    const vault = await open(OLD);
    const rings = await Promise.all([1, 2, 3].map(() => openSigningKeys({ pool, vault, placeOf })));
    expect(new Set(rings.map(({ current }) => current.kid)).size).toBe(1);
  });

  test('a new one is published ten minutes before it signs, and the old one ten minutes after', async () => {
    const vault = await open(OLD);
    const ring = await openSigningKeys({ pool, vault, placeOf });
    const old = ring.current.kid;
    const before = Date.now();
    const { kid, signsFrom, replaced } = await rotateSigningKey({ pool, vault, placeOf }, 'in-turn');
    const after = Date.now();
    await ring.refresh();
    expect(ring.current.kid).toBe(old);
    expect(kids(ring)).toEqual([kid, old]);
    const until = replaced[0]?.publishedUntil.getTime() ?? 0;
    expect([replaced[0]?.kid, until - signsFrom.getTime()]).toEqual([old, 600_000]);
    const rotatedAt = signsFrom.getTime() - 600_000;
    expect([before - 1_000 <= rotatedAt, rotatedAt <= after + 1_000]).toEqual([true, true]);

    const wind = (seconds: number) =>
      pool.query(
        `update signing_key set created_at = created_at - make_interval(secs => $1),
        use_from = use_from - make_interval(secs => $1), retired_at = retired_at - make_interval(secs => $1)`,
        [seconds],
      );
    await wind(601);
    await ring.refresh();
    expect([ring.current.kid, kids(ring)]).toEqual([kid, [kid, old]]);
    await wind(601);
    await ring.refresh();
    expect([ring.current.kid, kids(ring)]).toEqual([kid, [kid]]);
  });

  test('one that somebody else has is gone at once', async () => {
    const vault = await open(OLD);
    const ring = await openSigningKeys({ pool, vault, placeOf });
    const { kid } = await rotateSigningKey({ pool, vault, placeOf }, 'at-once');
    await ring.refresh();
    expect([ring.current.kid, kids(ring)]).toEqual([kid, [kid]]);
  });

  test('that are gone are forgotten at the next change, private half and all', async () => {
    const vault = await open(OLD);
    const { kid } = await replaceSigningKey({ pool, vault, placeOf }, { secondsUntilUse: 0, secondsKept: 0 });
    const { rows } = await pool.query<{ kid: string }>('select kid from signing_key where retired_at is null');
    expect(rows.map((row) => row.kid)).toEqual([kid]);
    expect((await pool.query('select from signing_key')).rowCount).toBe(2);
  });

  test('are read from the database only by who has the encryption key, and published without their private half', async () => {
    const ring = await openSigningKeys({ pool, vault: await open(OLD), placeOf });
    expect(JSON.stringify(publicJwks(ring.all))).not.toContain('"d"');
    await expect(openSigningKeys({ pool, vault: createVault(deriveKey(NEW, 'inn')), placeOf })).rejects.toThrow(
      'cannot be opened',
    );
  });
});
