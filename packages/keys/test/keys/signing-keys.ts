import { beforeAll, describe, expect, test } from '@jest/globals';
import { createVault, deriveKey, generateSigningKey, publicJwks } from '@chatelaine/crypto';
import { eventually } from '@chatelaine/test-kit';
import { openSigningKeys, replaceSigningKey, rotateSigningKey } from '../../src/index.ts';
import { pool, OLD, NEW, placeOf, fresh, open } from './scene.ts';

async function waitForLock(): Promise<void> {
  const waiting = `select from pg_locks where locktype = 'advisory' and not granted`;
  await eventually(async () => (await pool.query(waiting)).rowCount !== 0);
}

export function signingKeys(): void {
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

    test('are read only by who has the encryption key, and are published without their private part', async () => {
      const ring = await openSigningKeys({ pool, vault: await open(OLD), placeOf });
      expect(JSON.stringify(publicJwks(ring.all))).not.toContain('"d"');
      await expect(openSigningKeys({ pool, vault: createVault(deriveKey(NEW, 'inn')), placeOf })).rejects.toThrow(
        'cannot be opened',
      );
    });
  });
}
