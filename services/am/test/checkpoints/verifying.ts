import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { retain } from '../../src/retention/retention.ts';
import { chatelaine } from '../support/operator.ts';
import {
  ago,
  asked,
  storyWithCheckpoints,
  daysAgo,
  deployment,
  deps,
  exported,
  files,
  make,
  person,
  verify,
  problemsOf,
} from './scene.ts';

/** What the command reports of activity that was tampered with. */
export function verifying(): void {
  describe('chatelaine verify-timeline', () => {
    test('names an entry that was changed, taken out, exchanged with another, or put in afterwards', async () => {
      const { of, ids } = await storyWithCheckpoints();
      expect(await problemsOf(of)).toEqual([]);
      const [a, b, c, d] = ids;
      await deployment.rows(`update transfer set error = 'rule', state = 'refused' where id = $1`, [a]);
      await deployment.rows('delete from transfer where id = $1', [b]);
      await deployment.rows(
        `update transfer t set (scopes, jkt, started_at) = (array['photos.write'], o.jkt, o.started_at) from transfer o
         where (t.id = $1 and o.id = $2) or (t.id = $2 and o.id = $1)`,
        [c, d],
      );
      const [added] = await asked({ of, at: ago(20, 2.5) });
      expect((await problemsOf(of)).toSorted()).toEqual(
        [
          `Transfer ${a} is not as it was.`,
          `Transfer ${b} is gone.`,
          `Transfer ${c} is not as it was.`,
          `Transfer ${d} is not as it was.`,
          `Transfer ${added} came in afterwards.`,
        ].toSorted(),
      );
      expect((await verify(of)).code).toBe(1);
    });

    test('names an entry of what an owner decided likewise, and one that was given to another owner', async () => {
      const of = await person();
      await make();
      const [first, second] = await deployment.rows<{ id: string }>(
        'select id from timeline_entry where owner_id = $1 order by id',
        [of.owner.id],
      );
      await deployment.rows(`update timeline_entry set data = data || '{"by": "client"}' where id = $1`, [first?.id]);
      await deployment.rows(`update timeline_entry set owner_id = 'somebody' where id = $1`, [second?.id]);
      expect(await problemsOf(of)).toEqual([
        `Entry ${first?.id} is not as it was.`,
        `Entry ${second?.id} is not as it was.`,
      ]);
    });

    test('names a checkpoint that was changed, emptied, taken out, or no longer says what it is of', async () => {
      const { of, ids } = await storyWithCheckpoints();
      const set = (what: string, number: number) =>
        deployment.rows(`update checkpoint set ${what} where owner_id = $1 and stream = 'asked' and number = $2`, [
          of.owner.id,
          number,
        ]);
      await set('ids = ids[1:3] || ids[5:6]', 1);
      await set('total = total + 1', 2);
      expect(await problemsOf(of)).toEqual(
        expect.arrayContaining([
          `What checkpoint 1 is of was changed in it: it is of 6 up to ${ids[5]}.`,
          `Transfer ${ids[3]} came in afterwards.`,
          'Checkpoint 2 was changed, or made with another key.',
        ]),
      );
      const emptied = await storyWithCheckpoints();
      await deployment.rows(
        `update checkpoint set ids = null, macs = null where owner_id = $1 and stream = 'asked' and number = 1`,
        [emptied.of.owner.id],
      );
      expect(await problemsOf(emptied.of)).toEqual([
        'Checkpoint 1 no longer says what it is of, before the time of that is over.',
      ]);
      await deployment.rows(`delete from checkpoint where owner_id = $1 and stream = 'asked' and number = 1`, [
        emptied.of.owner.id,
      ]);
      expect(await problemsOf(emptied.of)).toEqual(['Checkpoint 1 is missing.']);
    });

    test('sees an end that was cut off by an earlier export, in either format and however narrowed', async () => {
      for (const format of ['csv', 'json'] as const) {
        const { of, ids } = await storyWithCheckpoints();
        const file = await exported(of, format, '?outcome=failed&q=nothing');
        expect(await problemsOf(of, `--export ${file}`)).toEqual([]);
        await deployment.rows('delete from transfer where id = any ($1)', [ids.slice(6)]);
        await deployment.rows(`delete from checkpoint where owner_id = $1 and stream = 'asked' and number = 2`, [
          of.owner.id,
        ]);
        expect(await problemsOf(of)).toEqual([]);
        expect(await problemsOf(of, `--export ${file}`)).toEqual([
          'Checkpoint 2 was exported, and the chain ends with 1: its end was cut off.',
        ]);
        // also when other entries have taken the place of those cut off
        await asked({ of, at: ago(19), times: 2 });
        await make();
        expect(await problemsOf(of, `--export ${file}`)).toEqual([
          'Checkpoint 2 is not the one that was exported: the history was written anew.',
        ]);
      }
    });

    test('takes what is past its owner’s time for gone, and nothing else; daily checkpoints stay', async () => {
      const of = await person();
      for (const at of [daysAgo(20, 10), daysAgo(20, 12), daysAgo(19, 10), daysAgo(2, 10)]) {
        await asked({ of, at, times: 3 });
        await make();
      }
      await deployment.rows('update owner set keep_days = 7 where id = $1', [of.owner.id]);
      const { pool, log } = { pool: deployment.pool, log: deployment.ams[0].app.log };
      const retention = { transferDays: 10_000, revocationDays: 10_000, timelineDays: 10_000 };
      await retain({ ...deps, pool, log, config: { retention } }, { now: new Date() });
      expect(
        await deployment.rows('select count(*)::int as n from transfer where owner_id = $1', [of.owner.id]),
      ).toEqual([{ n: 3 }]);
      const kept = await deployment.rows(
        `select number, ids is null as bare from checkpoint where owner_id = $1 and stream = 'asked' order by number`,
        [of.owner.id],
      );
      expect(kept).toEqual([
        { number: 2, bare: true },
        { number: 3, bare: true },
        { number: 4, bare: false },
      ]);
      expect(await problemsOf(of)).toEqual([]);
      const file = await exported(of, 'json');
      expect(await problemsOf(of, `--export ${file}`)).toEqual([]);
      // a time later than the recorded one
      await deployment.rows(`delete from transfer where owner_id = $1`, [of.owner.id]);
      await deployment.rows(`update kept_since set since = now() where owner_id = $1 and stream = 'asked'`, [
        of.owner.id,
      ]);
      const wrong = await problemsOf(of);
      expect(wrong).toContain('The note since when activity is kept was changed: it counts for nothing.');
      expect(wrong.filter((one) => one.endsWith('is gone.'))).toHaveLength(3);
    });

    test('says what it cannot do: nobody of that name, no such file, nothing to compare', async () => {
      const of = await person();
      expect(await chatelaine(deployment, 'verify-timeline --owner nobody')).toMatchObject({ code: 64 });
      expect(await verify(of, '--export /nowhere')).toMatchObject({ code: 64 });
      const empty = path.join(files, 'empty.json');
      writeFileSync(empty, '[]');
      expect(await verify(of, `--export ${empty}`)).toMatchObject({ code: 64 });
      expect(await chatelaine(deployment, `verify-timeline --export ${empty}`)).toMatchObject({ code: 64 });
    });
  });
}
