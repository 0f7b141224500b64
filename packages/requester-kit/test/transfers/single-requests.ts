import { describe, expect, test } from '@jest/globals';
import { deployment, calls, singles, ready, all, kinds } from './scene.ts';

export function singleRequests(): void {
  describe('without an endpoint for many', () => {
    test('each is asked for by itself, a few at a time', async () => {
      deployment.metadata = { chatelaine_transfers_endpoint: undefined };
      const { ref, requester, rooms } = await ready();
      let [now, most] = [0, 0];
      const second = Promise.withResolvers<void>();
      deployment.on['am /token'] = async (one) => {
        most = Math.max(most, ++now);
        if (now > 1) second.resolve();
        await second.promise; // the first is not answered before the second has come
        now -= 1;
        return deployment.behave(one);
      };
      const seen = await all(requester, {
        ...ref,
        items: [...rooms(20), { resource: `${deployment.host}/other`, scope: 'x' }],
      });
      expect(kinds(seen).toSorted()).toEqual(['invalid_target', ...Array.from({ length: 20 }, () => 'token')]);
      expect([singles(), calls().length, seen.at(-1)?.done]).toEqual([21, 0, 21]);
      expect(most).toBeLessThanOrEqual(8);
    });
  });
}
