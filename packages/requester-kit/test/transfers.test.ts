import { describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { eventually } from '@chatelaine/test-kit';
import type { Requester } from '../src/index.ts';
import { connected, startApp } from './support/app.ts';
import { houseForAll, itemsOf, ndjson, type Received, transferAnswer } from './support/house.ts';

const house = await houseForAll();

const BATCH = 'am /transfers';
const calls = () => house.received.filter(({ path }) => path === BATCH);
const singles = () => house.received.filter(({ form }) => form.has('subject_token')).length;
const refreshes = () => house.received.filter(({ form }) => form.get('grant_type') === 'refresh_token').length;

async function ready() {
  const app = startApp(house);
  const ref = await connected(house, app.requester);
  const jkt = house.received.find(({ form }) => form.has('dpop_jkt'))?.form.get('dpop_jkt') ?? '';
  house.received.length = 0;
  const rooms = (count: number, from = 0) => Array.from({ length: count }, (_, index) => room(from + index));
  const room = (index: number) => ({ resource: `${house.resource}/${index}`, scope: 'entries.read', room: index });
  return { app, ref, jkt, rooms, requester: app.requester };
}

type Items = Parameters<Requester['transfers']>[0];
async function all<T extends Items>(requester: Requester, input: T) {
  const seen = [];
  for await (const one of requester.transfers(input)) seen.push(one);
  return seen;
}
const kinds = (seen: readonly { outcome: { kind: string } }[]) => seen.map(({ outcome }) => outcome.kind);

/** A line for an item, as a good AM would write it. */
const lineOf = ({ id, ...item }: { id: string; resource: string; scope: string }, jkt: string): string => {
  const token = transferAnswer(new URLSearchParams(item), jkt, house.host);
  return `${JSON.stringify({ id, status: 200, ...token, access_token: `at-${id}` })}\n`;
};

/** Holds answers open for the test to write into. */
function held() {
  const opened = Promise.withResolvers<{ response: ServerResponse; one: Received }>();
  house.on[BATCH] = (one) =>
    ndjson((response) => {
      response.flushHeaders();
      opened.resolve({ response, one });
    });
  return opened.promise;
}

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

  test('are in the cache afterwards, for single calls and the next many, which are answered without a call', async () => {
    const { ref, requester, rooms } = await ready();
    const [first] = await all(requester, { ...ref, items: rooms(2) });
    const single = await requester.transfer({
      ...ref,
      ...rooms(1)[0],
      scope: 'entries.read',
      resource: `${house.resource}/0`,
    });
    expect(single).toEqual(first?.outcome);
    expect(kinds(await all(requester, { ...ref, items: rooms(2) }))).toEqual(['token', 'token']);
    expect([calls().length, singles()]).toEqual([1, 0]);
    expect(kinds(await all(requester, { ...ref, items: rooms(4) }))).toEqual(['token', 'token', 'token', 'token']);
    expect(itemsOf(calls()[1] as Received).map(({ resource }) => resource)).toEqual(
      [2, 3].map((index) => `${house.resource}/${index}`),
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

  test('the same wanted twice is asked once and answered twice; what is no request is answered without asking', async () => {
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
    expect(seen.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 450 }, (_, i) => i));
    expect(calls().map((one) => itemsOf(one).length)).toEqual([200, 200, 50]);
    house.received.length = 0;
    const scope = Array.from({ length: 20 }, (_, i) => `s${i}${'x'.repeat(150)}`);
    const huge = {
      ...rooms(1)[0],
      resource: `${house.resource}/0`,
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
    const single = requester.transfer({ ...ref, resource: `${house.resource}/0`, scope: 'entries.read' });
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
    house.on = { 'am /token': async (received) => (await answer.promise, house.behave(received)) };
    const alone = requester.transfer({ ...ref, resource: `${house.resource}/9`, scope: 'entries.read' });
    const joined = all(requester, { ...ref, items: rooms(1, 9) });
    await requester.targets(ref); // whoever came before has asked by now
    answer.resolve();
    expect((await joined)[0]?.outcome).toEqual(await alone);
    expect([calls().length, singles()]).toEqual([1, 1]);
  });

  test('of another owner, or over another connection, are not answered with what is there', async () => {
    const { ref, requester, rooms } = await ready();
    const sams = await connected(house, requester, 'sam');
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
      expect(kinds(await all(requester, { ...foreign, items }))).toEqual(['unknown_connection', 'unknown_connection']);
  });

  test('close to their end are renewed in the background by one call, while they still serve', async () => {
    const { ref, requester, rooms } = await ready();
    const first = await all(requester, { ...ref, items: rooms(30) });
    house.pass(241);
    const again = await Promise.all([1, 2, 3].map(() => all(requester, { ...ref, items: rooms(30) })));
    for (const seen of again) expect(seen.map(({ outcome }) => outcome)).toEqual(first.map(({ outcome }) => outcome));
    await eventually(() => calls().length === 2);
    house.pass(41);
    expect(kinds(await all(requester, { ...ref, items: rooms(30) }))).not.toContain('try_later');
    expect(calls().map((one) => itemsOf(one).length)).toEqual([30, 30]);
  });
});

describe('without an endpoint for many', () => {
  test('each is asked for by itself, a few at a time', async () => {
    house.metadata = { chatelaine_transfers_endpoint: undefined };
    const { ref, requester, rooms } = await ready();
    let [now, most] = [0, 0];
    const second = Promise.withResolvers<void>();
    house.on['am /token'] = async (one) => {
      most = Math.max(most, ++now);
      if (now > 1) second.resolve();
      await second.promise; // the first is not answered before it
      now -= 1;
      return house.behave(one);
    };
    const seen = await all(requester, {
      ...ref,
      items: [...rooms(20), { resource: `${house.host}/other`, scope: 'x' }],
    });
    expect(kinds(seen).toSorted()).toEqual(['invalid_target', ...Array.from({ length: 20 }, () => 'token')]);
    expect([singles(), calls().length, seen.at(-1)?.done]).toEqual([21, 0, 21]);
    expect(most).toBeLessThanOrEqual(8);
  });
});

describe('the connection token', () => {
  test('that is refused is renewed once, for the whole call or for those that were under way', async () => {
    const { ref, requester, rooms, jkt } = await ready();
    house.alive.access.clear();
    expect(new Set(kinds(await all(requester, { ...ref, items: rooms(201) })))).toEqual(new Set(['token']));
    expect([refreshes(), calls().length]).toEqual([1, 4]);
    house.received.length = 0;
    house.on[BATCH] = (one) => {
      if (calls().length === 1) house.on = {};
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
    expect(kinds(await all(requester, { ...ref, items: rooms(4, 300) }))).toEqual(['token', 'token', 'token', 'token']);
    expect([refreshes(), ...calls().map((one) => itemsOf(one).length)]).toEqual([1, 4, 2]);
  });

  test('gone for good means reconnecting, asked twice and no more', async () => {
    const { ref, requester, rooms } = await ready();
    house.on[BATCH] = () => ({ status: 401, json: { error: 'invalid_token' } });
    expect(kinds(await all(requester, { ...ref, items: rooms(3) }))).toEqual(['reconnect', 'reconnect', 'reconnect']);
    expect([refreshes(), calls().length]).toEqual([1, 2]);
    house.on = {};
    house.alive.access.clear();
    house.alive.refresh.clear();
    expect(kinds(await all(requester, { ...ref, items: rooms(2) }))).toEqual(['reconnect', 'reconnect']);
  });
});

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
      const sharing = requester.transfer({ ...ref, resource: `${house.resource}/2`, scope: 'entries.read' });
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
