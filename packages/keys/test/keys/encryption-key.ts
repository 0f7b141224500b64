import { beforeAll, describe, expect, test } from '@jest/globals';
import { createVault, deriveKey } from '@chatelaine/crypto';
import { eventually } from '@chatelaine/test-kit';
import { reencrypt } from '../../src/index.ts';
import { pool, OLD, NEW, OTHER, columns, fresh, open } from './scene.ts';

/** Twice as many are more than one batch. */
const EACH = 60;

export function encryptionKey(): void {
  describe('the encryption key', () => {
    beforeAll(fresh);

    test('of a database from before keys had numbers is identified by what it encrypted', async () => {
      const before = createVault(deriveKey(OLD, 'inn'));
      const rows = [
        ['ada', 'York'],
        ['bob', 'Hull'],
      ].flatMap(([owner, city]) =>
        Array.from({ length: EACH }, (_, n) => ({
          owner,
          n,
          gold: before.encrypt(`${owner}'s ${n}`, `${owner}|${n}|${city}`),
        })),
      );
      await pool.query('insert into chest select * from unnest($1::text[], $2::int[], $3::bytea[])', [
        rows.map(({ owner }) => owner),
        rows.map(({ n }) => n),
        rows.map(({ gold }) => gold),
      ]);
      await expect(open(NEW)).rejects.toThrow('ENCRYPTION_KEY is not the key that this database was encrypted with');
      const vault = await open(OLD);
      expect(vault.keyId).toBe(1);
    });

    test('that differs from the one before is refused, in one sentence', async () => {
      await expect(open(NEW)).rejects.toMatchObject({
        name: 'ConfigError',
        problems: [expect.stringMatching(/^ENCRYPTION_KEY is not the key .*\.$/)],
      });
    });

    test('is replaced while processes with the keys in either order read and write', async () => {
      const readChests = async () => {
        const { rows } = await pool.query<{ owner: string; n: number; gold: Buffer; city: string }>(
          'select c.owner, n, gold, name as city from chest c join city t using (owner) where gold is not null',
        );
        return rows;
      };
      // first step in every process: the new key is known, and encrypts nothing yet
      const before = await open(OLD, NEW);
      const after = await open(NEW, OLD);
      expect([before.keyId, after.keyId]).toEqual([1, 2]);
      let failures = 0;
      let done = false;
      const readAndWrite = async (): Promise<void> => {
        for (let round = 0; !done; round++) {
          const current = round % 2 === 0 ? before : after;
          for (const { owner, n, gold, city } of await readChests()) {
            try {
              if (before.decrypt(gold, `${owner}|${n}|${city}`) !== after.decrypt(gold, `${owner}|${n}|${city}`))
                failures++;
            } catch {
              failures++;
            }
          }
          const aad = 'ada|0|York';
          await pool.query(`update chest set gold = $1 where owner = 'ada' and n = 0`, [
            current.encrypt("ada's 0", aad),
          ]);
        }
      };
      const running = readAndWrite();
      const first = await reencrypt({ pool, vault: after }, columns);
      done = true;
      await running;
      expect(failures).toBe(0);
      expect(first).toMatchObject({ unreadable: 0 });
      expect(first.reencrypted).toBeGreaterThanOrEqual(2 * EACH - 1);
      expect(await reencrypt({ pool, vault: after }, columns)).toMatchObject({ left: 0, unreadable: 0 });
      for (const { owner, n, gold, city } of await readChests())
        expect(after.decrypt(gold, `${owner}|${n}|${city}`)).toBe(`${owner}'s ${n}`);
    });

    test('that is replaced overwrites no change that somebody else makes meanwhile', async () => {
      const [before, after] = [await open(OLD, NEW), await open(NEW, OLD)];
      const aad = 'ada|1|York';
      await pool.query(`update chest set gold = $1 where owner = 'ada' and n = 1`, [before.encrypt('old', aad)]);
      const other = await pool.connect();
      await other.query('begin');
      await other.query(`update chest set gold = $1 where owner = 'ada' and n = 1`, [after.encrypt('new', aad)]);
      const reencrypting = reencrypt({ pool, vault: after }, columns);
      const waiting = async () =>
        (
          await pool.query(
            `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
          )
        ).rowCount;
      await eventually(async () => (await waiting()) !== 0);
      await other.query('commit');
      other.release();
      expect(await reencrypting).toEqual({ reencrypted: 0, left: 0, unreadable: 0 });
      expect(after.decrypt(await goldOf('ada', 1), aad)).toBe('new');
    });

    test('that is still needed must stay configured, and one that is not may be removed', async () => {
      await open(NEW); // nothing is encrypted with the old key any more
      const aad = 'bob|7|Hull';
      const other = await open(OTHER, NEW);
      await pool.query(`update chest set gold = $1 where owner = 'bob' and n = 7`, [other.encrypt('x', aad)]);
      await expect(open(NEW)).rejects.toThrow(
        'ENCRYPTION_KEY_PREVIOUS lacks a key that 1 stored secrets are still encrypted with: put it back and run',
      );
      const back = await open(NEW, OTHER);
      expect(await reencrypt({ pool, vault: back }, columns)).toEqual({ reencrypted: 1, left: 0, unreadable: 0 });
      expect((await open(NEW)).decrypt(await goldOf('bob', 7), aad)).toBe('x');
    });

    test('is known to the database by its fingerprint alone', async () => {
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
}
