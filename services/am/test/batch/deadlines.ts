import { describe, expect, it } from '@jest/globals';
import { answersOf, batch, outcomesById, pause, streamBatch } from '../support/batch.ts';
import { itemAtSecondHost, deployment, fresh, item, many, states } from './scene.ts';

/** Calls that run out of time. */
export function deadlines(): void {
  describe('time', () => {
    it('is up for what is not answered, item by item; what is answered is handed out', async () => {
      const limits = { secondsPerCall: 1, transfers: { ...deployment.config.limits.batch.transfers, atHost: 2 } };
      const hasty = await deployment.another({ batch: limits });
      const paused = pause(deployment.host);
      const by = await fresh();
      const answer = await batch(deployment, by, { items: [...many(4), itemAtSecondHost('fast')], port: hasty.port });
      const late = '504 temporarily_unavailable';
      expect(outcomesById(answersOf(answer))).toEqual({ i0: late, i1: late, i2: late, i3: late, fast: '200' });
      expect(deployment.host.hops).toHaveLength(2);
      expect((await states(by)).toSorted()).toEqual(['failed', 'failed', 'minted']);
      paused.open();
    });

    it('is up, too, when the process ends: what is under way is answered, or ended and closed', async () => {
      const ending = await deployment.another();
      const by = await fresh();
      const paused = pause(deployment.host);
      const stream = await streamBatch(deployment, by, {
        items: [item('slow'), itemAtSecondHost('fast')],
        port: ending.port,
      });
      expect(await stream.next()).toMatchObject({ id: 'fast', status: 200 });
      const closed = ending.app.close();
      paused.open();
      expect(outcomesById(await stream.rest())).toEqual({ slow: '200' });
      await closed;
      expect(await states(by)).toEqual(['minted', 'minted']);
    });
  });
}
