import { describe, expect, test } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import { connected } from '../support/app.ts';
import { itemsOf, type Received } from '../support/deployment.ts';
import { deployment, calls, singles, ready, all, kinds, lineOf, held } from './scene.ts';

export function batches(): void {
  describe('many transfers at once', () => {
    test('are one call, and each item comes back as it was given, with how far it is', async () => {
      const { ref, requester, rooms } = await ready();
      const items = rooms(3).map((one) => ({ ...one, purpose: 'for the feed' }));
      const seen = await all(requester, { ...ref, items });
      expect(seen.map(({ item, index, done, total, outcome }) => [item, index, done, total, outcome.kind])).toEqual(
        items.map((item, index) => [item, index, index + 1, 3, 'token']),
      );
      const [call] = calls();
      expect([calls().length, singles()]).toEqual([1, 0]);
      expect(call?.headers).toMatchObject({ accept: 'application/x-ndjson', 'content-type': 'application/json' });
      expect(JSON.parse(call?.body ?? '')).toMatchObject({
        client_id: 'https://app.example/client',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        transfers: [{ id: '0', scope: 'entries.read', purpose: 'for the feed' }, {}, {}],
      });
    });

    test('are in the cache afterwards, for single calls and the next many, which need no call', async () => {
      const { ref, requester, rooms } = await ready();
      const [first] = await all(requester, { ...ref, items: rooms(2) });
      const single = await requester.transfer({
        ...ref,
        ...rooms(1)[0],
        scope: 'entries.read',
        resource: `${deployment.resource}/0`,
      });
      expect(single).toEqual(first?.outcome);
      expect(kinds(await all(requester, { ...ref, items: rooms(2) }))).toEqual(['token', 'token']);
      expect([calls().length, singles()]).toEqual([1, 0]);
      expect(kinds(await all(requester, { ...ref, items: rooms(4) }))).toEqual(['token', 'token', 'token', 'token']);
      expect(itemsOf(calls()[1] as Received).map(({ resource }) => resource)).toEqual(
        [2, 3].map((index) => `${deployment.resource}/${index}`),
      );
    });

    test('arrive one by one: the first before the AM has said the second', async () => {
      const { ref, requester, rooms, jkt } = await ready();
      const opened = held();
      const seen = requester.transfers({ ...ref, items: rooms(2) });
      const first = seen.next();
      const { response, one } = await opened;
      const [a, b] = itemsOf(one);
      if (a === undefined || b === undefined) throw new Error('two were asked');
      response.write(lineOf(b, jkt));
      expect((await first).value).toMatchObject({ index: 1, done: 1, total: 2, outcome: { kind: 'token' } });
      response.end(`\n${lineOf(a, jkt)}`);
      expect((await seen.next()).value).toMatchObject({ index: 0, done: 2 });
      expect((await seen.next()).done).toBe(true);
    });

    test('the same wanted twice is asked once and answered twice; what is no request is not asked at all', async () => {
      const { ref, requester, rooms } = await ready();
      const [item] = rooms(1);
      if (item === undefined) throw new Error('none');
      const items = [
        item,
        item,
        { ...item, scope: ['entries.read'] },
        { ...item, resource: 'nonsense' },
        { ...item, scope: '' },
      ];
      const seen = await all(requester, { ...ref, items });
      expect(seen.toSorted((a, b) => a.index - b.index).map(({ index, outcome }) => [index, outcome.kind])).toEqual([
        [0, 'token'],
        [1, 'token'],
        [2, 'token'],
        [3, 'unusable'],
        [4, 'unusable'],
      ]);
      expect(seen.at(-1)).toMatchObject({ done: 5, total: 5 });
      expect(calls().map((one) => itemsOf(one).length)).toEqual([1]);
      expect(await all(requester, { ...ref, items: [] })).toEqual([]);
      expect(calls()).toHaveLength(1);
    });

    test('beyond 200 are several calls, and long ones are several too', async () => {
      const { ref, requester, rooms } = await ready();
      const seen = await all(requester, { ...ref, items: rooms(450) });
      expect(new Set(kinds(seen))).toEqual(new Set(['token']));
      expect(seen.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 450 }, (_, i) => i),
      );
      expect(calls().map((one) => itemsOf(one).length)).toEqual([200, 200, 50]);
      deployment.received.length = 0;
      const scope = Array.from({ length: 20 }, (_, i) => `s${i}${'x'.repeat(150)}`);
      const huge = {
        ...rooms(1)[0],
        resource: `${deployment.resource}/0`,
        scope: [...scope, ...scope.map((one) => `${one}y`)],
      };
      const long = [...rooms(200).map((one) => ({ ...one, scope })), huge];
      expect(new Set(kinds(await all(requester, { ...ref, items: long })))).toEqual(new Set(['token']));
      expect(calls().length).toBeGreaterThan(1);
      expect(singles()).toBe(1);
      expect(Math.max(...calls().map(({ body }) => body.length))).toBeLessThanOrEqual(524_288);
    });

    test('share with whoever asks for the same meanwhile, both ways', async () => {
      const { ref, requester, rooms, jkt } = await ready();
      const opened = held();
      const many = all(requester, { ...ref, items: rooms(2) });
      const { response, one } = await opened;
      const single = requester.transfer({ ...ref, resource: `${deployment.resource}/0`, scope: 'entries.read' });
      const more = all(requester, { ...ref, items: rooms(1) });
      response.end(
        itemsOf(one)
          .map((item) => lineOf(item, jkt))
          .join(''),
      );
      const [first] = await many;
      expect([await single, (await more)[0]?.outcome]).toEqual([first?.outcome, first?.outcome]);
      expect([calls().length, singles()]).toEqual([1, 0]);
      const answer = Promise.withResolvers<void>();
      deployment.on = { 'am /token': async (received) => (await answer.promise, deployment.behave(received)) };
      const alone = requester.transfer({ ...ref, resource: `${deployment.resource}/9`, scope: 'entries.read' });
      const joined = all(requester, { ...ref, items: rooms(1, 9) });
      await requester.targets(ref); // earlier calls have sent their requests by now
      answer.resolve();
      expect((await joined)[0]?.outcome).toEqual(await alone);
      expect([calls().length, singles()]).toEqual([1, 1]);
    });

    test('of another owner, or over another connection, are not answered with what is there', async () => {
      const { ref, requester, rooms } = await ready();
      const sams = await connected(deployment, requester, 'sam');
      const items = rooms(2);
      const mine = await all(requester, { ...ref, items });
      const theirs = await all(requester, { ...sams, items });
      const tokens = [...mine, ...theirs].map(({ outcome }) =>
        outcome.kind === 'token' ? outcome.token.accessToken : '',
      );
      expect(new Set(tokens).size).toBe(4);
      for (const foreign of [
        { ...ref, owner: 'sam' },
        { ...ref, connectionId: sams.connectionId },
      ])
        expect(kinds(await all(requester, { ...foreign, items }))).toEqual([
          'unknown_connection',
          'unknown_connection',
        ]);
    });

    test('close to their end are renewed in the background by one call, while they still serve', async () => {
      const { ref, requester, rooms } = await ready();
      const first = await all(requester, { ...ref, items: rooms(30) });
      deployment.pass(241);
      const again = await Promise.all([1, 2, 3].map(() => all(requester, { ...ref, items: rooms(30) })));
      for (const seen of again) expect(seen.map(({ outcome }) => outcome)).toEqual(first.map(({ outcome }) => outcome));
      await eventually(() => calls().length === 2);
      deployment.pass(41);
      expect(kinds(await all(requester, { ...ref, items: rooms(30) }))).not.toContain('try_later');
      expect(calls().map((one) => itemsOf(one).length)).toEqual([30, 30]);
    });
  });
}
