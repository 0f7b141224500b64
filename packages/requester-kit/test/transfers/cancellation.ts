import { describe, expect, test } from '@jest/globals';
import { itemsOf } from '../support/deployment.ts';
import { deployment, calls, singles, ready, lineOf, held } from './scene.ts';

export function cancellation(): void {
  describe('leaving', () => {
    test.each(['break', 'signal'] as const)(
      'by %s ends the call; whoever shared it gets their own answer',
      async (how) => {
        const { ref, requester, rooms, jkt } = await ready();
        const opened = held();
        const controller = new AbortController();
        const input = { ...ref, items: rooms(3), signal: controller.signal };
        const leaving = (async () => {
          for await (const _first of requester.transfers(input)) {
            if (how === 'break') return 'left';
            controller.abort(new Error('enough'));
          }
          return 'read to the end';
        })().catch((error: Error) => error.message);
        const { response, one } = await opened;
        const sharing = requester.transfer({ ...ref, resource: `${deployment.resource}/2`, scope: 'entries.read' });
        const closed = new Promise((resolve) => response.once('close', resolve));
        const [first] = itemsOf(one);
        if (first !== undefined) response.write(lineOf(first, jkt));
        expect(await leaving).toBe(how === 'break' ? 'left' : 'enough');
        await closed;
        expect(await sharing).toMatchObject({ kind: 'token' });
        expect(singles()).toBe(1);
      },
    );

    test('before it began asks nothing', async () => {
      const { ref, requester, rooms } = await ready();
      const signal = AbortSignal.abort(new Error('never'));
      await expect(requester.transfers({ ...ref, items: rooms(2), signal }).next()).rejects.toThrow('never');
      expect(calls()).toHaveLength(0);
    });
  });
}
