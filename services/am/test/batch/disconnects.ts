import { describe, expect, it } from '@jest/globals';
import { batch, pause, stop, streamBatch } from '../support/batch.ts';
import type { Story } from '../support/deployment.ts';
import { callWithoutReading } from '../support/unread.ts';
import { eventually } from '../support/world.ts';
import { answersRead, itemAtSecondHost, deployment, fresh, item, many, states, story } from './scene.ts';

/** Callers who disconnect, and callers who do not read. */
export function disconnects(): void {
  describe('a caller who goes away', () => {
    it.each([
      ['a document', 'application/json', 'withheld'],
      ['lines', 'application/x-ndjson', 'minted'],
    ])('(of %s) begins nothing more, and leaves no intent open and no token behind', async (_what, accept, early) => {
      const by = await fresh();
      const paused = pause(deployment.host);
      const before = answersRead;
      const stream = streamBatch(deployment, by, {
        items: [itemAtSecondHost('early'), ...many(40)],
        headers: { accept },
      });
      await deployment.host.until(() => deployment.host.hops.length === 10);
      await eventually(async () => answersRead > before);
      if (early === 'minted') expect(await (await stream).next()).toMatchObject({ id: 'early', status: 200 });
      deployment.ams[0].app.server.closeAllConnections();
      await stream.catch(() => null);
      const ended = [...Array<string>(10).fill('failed'), early].join();
      await eventually(async () => (await states(by)).toSorted().join() === ended);
      paused.open();
      expect((await by.owner.browser.get('/timeline')).words).toContain('was gone before it came');
      expect(deployment.host.hops).toHaveLength(10);
      expect((await batch(deployment, story, { items: [item('a')] })).status).toBe(200);
    });
  });

  describe('a caller who does not read', () => {
    const openIntents = async (by: Story) => (await states(by)).filter((state) => state === 'intent').length;
    /**
     * Resolves when the first answers wait to be read: the other answers that were asked for wait behind them, no
     * request to a Host is under way, and no further one begins.
     */
    const held = (
      by: Story,
      { written, underWay }: Pick<Awaited<ReturnType<typeof callWithoutReading>>, 'written' | 'underWay'>,
    ) => eventually(async () => written.length === 1 && underWay() === 0 && (await openIntents(by)) >= 16);

    it('holds up only themselves: items stop beginning, nothing goes to nobody, and a stop still holds', async () => {
      const by = await fresh();
      const caller = await callWithoutReading(deployment, by, many(60), new AbortController().signal);
      const { done, written, read } = caller;
      await held(by, caller);
      expect((await stop(by)).status).toBe(303);
      // no item begins after the stop, so the number of transfers no longer grows
      expect((await states(by)).length).toBeLessThanOrEqual(16 + 16 + 10);
      read();
      await done;
      const lines = written.join('').trim().split('\n');
      expect(lines).toHaveLength(60);
      const handedOut = lines.filter((line) => line.includes('"status":200'));
      expect(handedOut.length).toBe((await states(by)).filter((state) => state === 'minted').length);
      expect(handedOut.length).toBeLessThanOrEqual(16);
      expect(await openIntents(by)).toBe(0);
    });

    it('and is then gone, or out of time, gets nothing of what was held for them', async () => {
      const by = await fresh();
      const going = new AbortController();
      const caller = await callWithoutReading(deployment, by, many(60), going.signal);
      const { done, written } = caller;
      await held(by, caller);
      going.abort(new Error('gone'));
      await expect(done).rejects.toBeDefined();
      expect(written).toHaveLength(1);
      expect(await openIntents(by)).toBe(0);
      expect((await states(by)).filter((state) => state === 'withheld').length).toBeGreaterThanOrEqual(16);
    });
  });
}
