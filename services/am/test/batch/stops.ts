import { describe, expect, it } from '@jest/globals';
import { answersOf, batch, outcomesById, pause, stop, streamBatch } from '../support/batch.ts';
import { itemAtSecondHost, deployment, fresh, item, many, states } from './scene.ts';

/** What the owner stops during a call. */
export function stopsDuringCalls(): void {
  describe('what the owner stops in the middle of a call', () => {
    it('is not handed out: a document that was waiting for one more Host holds no token at all', async () => {
      const by = await fresh();
      const paused = pause(deployment.second);
      const pending = batch(deployment, by, { items: [...many(3), itemAtSecondHost('slow')] });
      await deployment.second.until(() => deployment.second.hops.length === 1);
      await deployment.host.until(() =>
        deployment.host.minted.some(({ clientId }) => clientId === by.requester.clientId),
      );
      expect((await stop(by)).status).toBe(303);
      paused.open();
      const answer = await pending;
      expect(new Set(Object.values(outcomesById(answersOf(answer))))).toEqual(new Set(['400 invalid_request']));
      expect(answer.text).not.toContain('"access_token"');
      for (const { token } of deployment.host.minted) expect(answer.text).not.toContain(token);
      expect(new Set(await states(by))).toEqual(new Set(['withheld']));
    });

    it('ends a stream of lines: what comes after the stop was answered are refusals', async () => {
      const by = await fresh();
      const paused = pause(deployment.second);
      const stream = await streamBatch(deployment, by, { items: [item('before'), itemAtSecondHost('after')] });
      expect(await stream.next()).toMatchObject({ id: 'before', status: 200 });
      expect((await stop(by)).status).toBe(303);
      paused.open();
      expect(outcomesById(await stream.rest())).toEqual({ after: '400 invalid_request' });
    });
  });
}
