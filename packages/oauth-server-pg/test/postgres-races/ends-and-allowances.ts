import { describe, expect, test } from '@jest/globals';
import { createAllowances } from '../../src/index.ts';
import { harness, storage, relate } from './scene.ts';

export function endsAndAllowances(): void {
  describe('oauth_end_grant', () => {
    test('ends a grant within a service’s own transaction, or not at all', async () => {
      const link = await relate();
      const client = await harness.pools[0].connect();
      for (const [last, alive] of [
        ['rollback', true],
        ['commit', false],
      ] as const) {
        await client.query('begin');
        const { rows } = await client.query(`select oauth_end_grant($1, 'owner') as ended`, [link.grantId]);
        expect(rows).toEqual([{ ended: true }]);
        await client.query(last);
        expect((await storage.findToken(link.linkToken)) !== null).toBe(alive);
      }
      client.release();
    });
  });

  describe('an allowance', () => {
    const taken = async (takes: Promise<unknown>[]): Promise<number> =>
      (await Promise.allSettled(takes)).filter(({ status }) => status === 'fulfilled').length;
    const stored = async (key: string): Promise<number> =>
      (await harness.pools[0].query<{ points: number }>('select points from oauth_rate_limit where key = $1', [key]))
        .rows[0]?.points ?? 0;

    test('is never exceeded by all processes together, and used up except for what one of them holds', async () => {
      const limit = { name: 'races', points: 500, perSeconds: 3600 };
      const processes = [createAllowances(harness.pools[0]), createAllowances(harness.pools[1])] as const;
      const crowd = Array.from({ length: 900 }, (_, n) => processes[n % 2 === 0 ? 0 : 1].take(limit, 'a'));
      const granted = await taken(crowd);
      expect(granted).toBeLessThanOrEqual(500);
      // a block is ten
      expect(granted).toBeGreaterThan(480);
      for (const one of processes) await expect(one.take(limit, 'a', 11)).rejects.toMatchObject({ status: 429 });
      await expect(processes[0].take(limit, 'b')).resolves.toBeDefined();
    });

    test('costs one write per block, not per request, and what is given back counts as never taken', async () => {
      const limit = { name: 'blocks', points: 1000, perSeconds: 3600 };
      const allowances = createAllowances(harness.pools[0]);
      for (let n = 0; n < 20; n++) await allowances.take(limit, 'a');
      expect(await stored('blocks:a')).toBe(20);
      const giveBack = await allowances.take(limit, 'a', 15);
      giveBack();
      await allowances.take(limit, 'a', 20);
      expect(await stored('blocks:a')).toBe(40);
    });

    test('too small for one request still allows smaller ones, and is full again in its next window', async () => {
      const limit = { name: 'windows', points: 60, perSeconds: 3600 };
      const allowances = createAllowances(harness.pools[0]);
      await allowances.take(limit, 'a', 50);
      await expect(allowances.take(limit, 'a', 20)).rejects.toMatchObject({
        status: 429,
        code: 'temporarily_unavailable',
      });
      await allowances.take(limit, 'a', 10);
      await expect(allowances.take(limit, 'a')).rejects.toMatchObject({ status: 429 });
      await harness.pools[0].query(`update oauth_rate_limit set expire = 0 where key = 'windows:a'`);
      const another = createAllowances(harness.pools[0]);
      await another.take(limit, 'a', 60);
      await expect(another.take(limit, 'a')).rejects.toMatchObject({ status: 429 });
    });
  });
}
