import { describe, expect, test } from '@jest/globals';
import { recordStatements } from '@chatelaine/test-kit';
import { batch } from '../support/batch.ts';
import { isOfRequest } from '../support/statements.ts';
import { ago, asked, deployment, make, numbersOf, person, verify, problemsOf } from './scene.ts';

/** How activity gets into checkpoints. */
export function chain(): void {
  describe('activity in checkpoints', () => {
    test('is there once and in its order, whoever makes them and however many at once', async () => {
      const of = await person();
      await asked({ of, at: ago(100), times: 1_100 });
      await Promise.all([make(), make(), make()]);
      await make();
      expect((await numbersOf(of)).filter((one) => String(one).startsWith('asked'))).toEqual([
        'asked 1: 1000',
        'asked 2: 1100',
      ]);
      const said = await verify(of);
      expect([said.code, said.lines.at(-1)]).toEqual([0, 'Everything is as it was.']);
      expect(said.text).toContain('1100 rows are as 2 checkpoints say');
    });

    test('waits for what has no outcome yet, of the same owner alone, and goes on when it has one', async () => {
      const [of, other] = [await person(), await person()];
      const [early] = await asked({ of, at: ago(5) });
      const [open] = await asked({ of, at: ago(5, 1) });
      await asked({ of, at: ago(5, 2), times: 3 });
      await asked({ of: other, at: ago(5, 2) });
      await deployment.rows(`update transfer set state = 'intent', closed_at = null where id = $1`, [open]);
      await make();
      expect(
        await deployment.rows('select ids from checkpoint where owner_id = $1 and stream = $2', [of.owner.id, 'asked']),
      ).toEqual([{ ids: [early] }]);
      expect(await numbersOf(other)).toContain('asked 1: 1');
      expect(await problemsOf(of)).toEqual([]);
      await deployment.rows(
        `update transfer set state = 'failed', error = 'lost', closed_at = now() - interval '1 minute' where id = $1`,
        [open],
      );
      await make();
      expect(await numbersOf(of)).toContain('asked 2: 5');
      expect(await problemsOf(of)).toEqual([]);
    });

    test('is not what may still change: a key that was just handed out is left for the next time', async () => {
      const of = await person();
      const { requester, connection } = of;
      expect(
        (await requester.transfer({ connection, resource: deployment.host.resource, scope: 'photos.read' })).status,
      ).toBe(200);
      await make();
      expect(await numbersOf(of)).not.toContain('asked 1: 1');
      await deployment.rows(`update transfer set closed_at = closed_at - interval '1 minute' where owner_id = $1`, [
        of.owner.id,
      ]);
      await make();
      expect(await numbersOf(of)).toContain('asked 1: 1');
    });

    test('takes no statement of a request, and makes none wait', async () => {
      const watched: ReturnType<typeof recordStatements>[] = [];
      const am = await deployment.another({ onPool: (pool) => void watched.push(recordStatements(pool, isOfRequest)) });
      const sent = () => watched.flatMap((one) => one.take()).map(({ text }) => text);
      const of = await person();
      const { requester, connection } = of;
      const resource = deployment.host.resource;
      const items = Array.from({ length: 20 }, (_, n) => ({ id: String(n), resource, scope: 'photos.read' }));
      const holder = await deployment.pool.connect();
      try {
        await holder.query('begin; lock table checkpoint, checkpoint_progress, kept_since in access exclusive mode');
        sent();
        const one = await requester.transfer({ connection, resource, scope: 'photos.read', port: am.port });
        const single = sent();
        const many = await batch(deployment, of, { items, port: am.port });
        expect([one.status, many.status]).toEqual([200, 200]);
        // the snapshot, the intent, the completion: PROTOCOL §3
        expect(single.filter((text) => /\b(transfer|oauth_grant)\b/.test(text))).toHaveLength(3);
        expect([...single, ...sent()].filter((text) => /checkpoint|kept_since/.test(text))).toEqual([]);
      } finally {
        await holder.query('rollback');
        holder.release();
      }
    });
  });
}
