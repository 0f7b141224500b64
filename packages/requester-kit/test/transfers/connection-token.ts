import { describe, expect, test } from '@jest/globals';
import { itemsOf, ndjson } from '../support/deployment.ts';
import { deployment, BATCH, calls, ready, all, kinds, lineOf } from './scene.ts';

const refreshes = () => deployment.received.filter(({ form }) => form.get('grant_type') === 'refresh_token').length;

export function connectionToken(): void {
  describe('the connection token', () => {
    test('that is refused is renewed once, for the whole call or for those that were under way', async () => {
      const { ref, requester, rooms, jkt } = await ready();
      deployment.alive.access.clear();
      expect(new Set(kinds(await all(requester, { ...ref, items: rooms(201) })))).toEqual(new Set(['token']));
      expect([refreshes(), calls().length]).toEqual([1, 4]);
      deployment.received.length = 0;
      deployment.on[BATCH] = (one) => {
        if (calls().length === 1) deployment.on = {};
        return ndjson((response) =>
          response.end(
            itemsOf(one)
              .map((item, index) =>
                index < 2
                  ? lineOf(item, jkt)
                  : `${JSON.stringify({ id: item.id, status: 400, error: 'invalid_request' })}\n`,
              )
              .join(''),
          ),
        );
      };
      expect(kinds(await all(requester, { ...ref, items: rooms(4, 300) }))).toEqual([
        'token',
        'token',
        'token',
        'token',
      ]);
      expect([refreshes(), ...calls().map((one) => itemsOf(one).length)]).toEqual([1, 4, 2]);
    });

    test('gone for good means reconnecting, asked twice and no more', async () => {
      const { ref, requester, rooms } = await ready();
      deployment.on[BATCH] = () => ({ status: 401, json: { error: 'invalid_token' } });
      expect(kinds(await all(requester, { ...ref, items: rooms(3) }))).toEqual(['reconnect', 'reconnect', 'reconnect']);
      expect([refreshes(), calls().length]).toEqual([1, 2]);
      deployment.on = {};
      deployment.alive.access.clear();
      deployment.alive.refresh.clear();
      expect(kinds(await all(requester, { ...ref, items: rooms(2) }))).toEqual(['reconnect', 'reconnect']);
    });
  });
}
