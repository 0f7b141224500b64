import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ALL_WELL, House, type Story } from './support/house.ts';
import { answersOf, ASKED, type Item, batch, pause, stop, streamed, toBoth, told } from './support/batch.ts';
import { SCOPES, type ScriptedHost } from './support/scripted-host.ts';
import { unread } from './support/unread.ts';
import { eventually } from './support/world.ts';

let house: House;
/** May read photos at both Hosts; may ask for everything else at the first. */
let story: Story;
let secondLink: string;

const many = (count: number, over: Partial<Item> = {}): Item[] =>
  Array.from({ length: count }, (_, n) => item(`i${n}`, over));
const item = (id: string, over: Partial<Item> = {}): Item => ({
  id,
  resource: house.host.resource,
  scope: 'photos.read',
  ...over,
});
const atSecond = (id: string): Item => item(id, { resource: house.second.resource });
const asIds = (items: readonly { id: string }[]) => items.map(({ id }) => id);

const states = async (by: Story): Promise<string[]> => (await house.transfers(by.connection)).map(({ state }) => state);
const fresh = () => toBoth(house, story.owner, [story.linkId, secondLink]);

beforeAll(async () => {
  house = await House.build({ transfers: { perConnection: { name: 'transfers', points: 100_000, perSeconds: 60 } } });
  const owner = await house.owner();
  const linkId = await house.link(owner);
  secondLink = await house.link(owner, house.second);
  story = await toBoth(house, owner, [linkId, secondLink]);
});
beforeEach(() => {
  house.host.reset();
  house.second.reset();
});
afterAll(async () => {
  const audit = await house.audit();
  await house.close();
  expect(audit).toEqual(ALL_WELL);
});

describe('a batch call', () => {
  it('answers each item under its id, in the order of the request, as hop 1 would', async () => {
    const single = await story.requester.transfer({ connection: story.connection, ...item('x') });
    const items = [
      item('one'),
      item('two', { scope: 'photos.read nothing.such' }),
      atSecond('three'),
      item('four', { scope: 'photos.write', purpose: 'to print them' }),
      item('five', { resource: 'not a URL' }),
      item('six', { scope: '' }),
    ];
    const { status, headers, json } = await batch(house, story, { items });
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([
      200,
      'application/json; charset=utf-8',
      'no-store',
    ]);
    const token = (host: ScriptedHost) => ({
      ...single.json,
      access_token: expect.stringMatching(/^at-/),
      resource: host.resource,
      iss: host.issuer,
    });
    const error_description = expect.any(String);
    expect(json).toEqual({
      transfers: [
        { id: 'one', status: 200, ...token(house.host) },
        { id: 'two', status: 400, error: 'invalid_scope', error_description },
        { id: 'three', status: 200, ...token(house.second) },
        {
          id: 'four',
          status: 400,
          error: 'interaction_required',
          error_description,
          interaction_uri: expect.stringMatching(/\/asks\//),
          scope: 'photos.write',
        },
        { id: 'five', status: 400, error: 'invalid_request', error_description },
        { id: 'six', status: 400, error: 'invalid_scope', error_description },
      ],
    });
  });

  it('that may wait gets a code for each item that the owner has to be asked about, and tokens for the others', async () => {
    const items = [item('now'), item('later', { scope: 'albums.write' })];
    const [now, later] = answersOf(await batch(house, story, { items, members: { completion_mode: 'deferred' } }));
    expect(now).toMatchObject({ id: 'now', status: 200 });
    expect(later).toMatchObject({
      id: 'later',
      status: 400,
      error: 'authorization_pending',
      deferral_code: expect.any(String),
    });
  });

  it('of two hundred items of which thirty are to be asked: twenty are, ten are told to wait, and nothing else suffers', async () => {
    const by = await fresh();
    const sets = Array.from({ length: 32 }, (_, bits) => Object.keys(SCOPES).filter((_scope, at) => bits & (1 << at)));
    const asks = sets.filter((set) => set.some((scope) => ASKED.includes(scope)));
    const items = many(200).map((each, n) => ({
      ...each,
      scope: asks[n % 7 === 0 ? n / 7 : 99]?.join(' ') ?? each.scope,
    }));
    expect(items.filter(({ scope }) => scope !== 'photos.read').length).toBe(29);
    const withAll = items.map((each) => (each.id === 'i199' ? { ...each, scope: asks[29]?.join(' ') ?? '' } : each));
    const { json } = await batch(house, by, { items: withAll });
    const answers = json['transfers'] as { id: string; status: number; error?: string; retry_after?: number }[];
    expect(asIds(answers)).toEqual(asIds(items));
    const outcomes = Map.groupBy(answers, ({ status, error = 'a token' }) => `${status} ${error}`);
    expect(Object.fromEntries([...outcomes].map(([outcome, { length }]) => [outcome, length]))).toEqual({
      '200 a token': 170,
      '400 interaction_required': 20,
      '429 temporarily_unavailable': 10,
    });
    expect(answers.find(({ status }) => status === 429)?.retry_after).toBeGreaterThan(0);
    const others = await batch(house, story, { items: [item('a', { scope: 'photos.write' })] });
    expect(told(answersOf(others))).toEqual({ a: '400 interaction_required' });
  });

  it('says the same of a Host that is not shown to it and of one that nobody has', async () => {
    const narrow = await house.beside(story, { 'photos.read': 'allow' });
    const items = [atSecond('a'), item('a', { resource: 'http://nobody.localhost:1/api' })];
    const [shown, unknown] = await Promise.all(items.map((one) => batch(house, narrow, { items: [one] })));
    expect(told(answersOf(shown as never))).toEqual({ a: '400 invalid_target' });
    expect(unknown?.text).toBe(shown?.text);
  });

  it('that asks twice for the same gets two tokens; of one approval, only one', async () => {
    const by = await fresh();
    const { json } = await batch(house, by, { items: many(2) });
    const tokens = (json['transfers'] as { access_token: string }[]).map(({ access_token }) => access_token);
    expect(new Set(tokens).size).toBe(2);

    const [asked] = answersOf(await batch(house, by, { items: [item('a', { scope: 'faces.read' })] }));
    const page = new URL(String(asked?.['interaction_uri'])).pathname;
    expect((await by.owner.browser.submit(page, page, { answer: 'once' })).status).toBe(200);
    const twice = answersOf(await batch(house, by, { items: many(2, { scope: 'faces.read' }) }));
    expect(Object.values(told(twice)).toSorted()).toEqual(['200', '400 interaction_required']);
  });

  it('of either of two accounts at one Host uses that account’s link and no other', async () => {
    const other = await house.link(story.owner);
    const second = {
      ...story,
      connection: await house.connect({ ...story, linkId: other, answers: { 'photos.read': 'allow' } }),
    };
    for (const by of [story, second, story]) expect((await batch(house, by, { items: [item('a')] })).status).toBe(200);
    const used = await house.rows<{ link_id: string }>(
      'select link_id from transfer where owner_id = $1 order by started_at desc limit 3',
      [story.owner.id],
    );
    expect(used.map(({ link_id }) => link_id)).toEqual([story.linkId, other, story.linkId]);
  });
});

describe('answers as lines', () => {
  it('come in the order in which Hosts answer: a slow one holds up nobody', async () => {
    const paused = pause(house.host);
    const stream = await streamed(house, story, {
      items: [item('slow'), ...many(5), atSecond('fast'), atSecond('also')],
    });
    expect([
      stream.response.statusCode,
      stream.response.headers['content-type'],
      stream.response.headers['cache-control'],
    ]).toEqual([200, 'application/x-ndjson', 'no-store']);
    expect(stream.response.headers['content-security-policy']).toContain("default-src 'none'");
    expect(stream.response.headers['access-control-allow-origin']).toBe('*');
    const early = [await stream.next(), await stream.next()];
    expect(asIds(early.map((line) => line ?? { id: '' })).toSorted()).toEqual(['also', 'fast']);
    paused.open();
    const late = await stream.rest();
    expect(asIds(late).toSorted()).toEqual(['i0', 'i1', 'i2', 'i3', 'i4', 'slow']);
    expect(new Set(late.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('go on when a Host vanishes in the middle: its items are 503, the others what they would be', async () => {
    house.host.script.transfer = () => 'reset';
    const items = [item('gone'), atSecond('there'), item('gone too')].map((each, n) => ({ ...each, id: `i${n}` }));
    const lines = await (await streamed(house, story, { items })).rest();
    expect(told(lines)).toEqual({ i0: '503 temporarily_unavailable', i1: '200', i2: '503 temporarily_unavailable' });
  });
});

describe('what the owner stops in the middle of a call', () => {
  it('is not handed out: a document that was waiting for one more Host holds no token at all', async () => {
    const by = await fresh();
    const paused = pause(house.second);
    const pending = batch(house, by, { items: [...many(3), atSecond('slow')] });
    await house.second.until(() => house.second.hops.length === 1);
    await house.host.until(() => house.host.minted.some(({ clientId }) => clientId === by.requester.clientId));
    expect((await stop(by)).status).toBe(303);
    paused.open();
    const answer = await pending;
    expect(new Set(Object.values(told(answersOf(answer))))).toEqual(new Set(['400 invalid_request']));
    expect(answer.text).not.toContain('at-');
    expect(new Set(await states(by))).toEqual(new Set(['withheld']));
  });

  it('ends a stream of lines: what comes after the stop was answered are refusals', async () => {
    const by = await fresh();
    const paused = pause(house.second);
    const stream = await streamed(house, by, { items: [item('before'), atSecond('after')] });
    expect(await stream.next()).toMatchObject({ id: 'before', status: 200 });
    expect((await stop(by)).status).toBe(303);
    paused.open();
    expect(told(await stream.rest())).toEqual({ after: '400 invalid_request' });
  });
});

describe('a caller who goes away', () => {
  it.each([
    ['a document', 'application/json', 'withheld'],
    ['lines', 'application/x-ndjson', 'minted'],
  ])('(of %s) begins nothing more, and leaves no intent open and no token behind', async (_what, accept, early) => {
    const by = await fresh();
    const paused = pause(house.host);
    const stream = streamed(house, by, { items: [atSecond('early'), ...many(40)], headers: { accept } });
    await house.host.until(() => house.host.hops.length === 10);
    await house.second.until(() => house.second.minted.some(({ clientId }) => clientId === by.requester.clientId));
    if (early === 'minted') expect(await (await stream).next()).toMatchObject({ id: 'early', status: 200 });
    house.ams[0].app.server.closeAllConnections();
    await stream.catch(() => null);
    const ended = [...Array<string>(10).fill('failed'), early].join();
    await eventually(async () => (await states(by)).toSorted().join() === ended);
    paused.open();
    expect((await by.owner.browser.get('/timeline')).words).toContain('was gone before it came');
    expect(house.host.hops).toHaveLength(10);
    expect((await batch(house, story, { items: [item('a')] })).status).toBe(200);
  });
});

describe('a caller who does not read', () => {
  const openIntents = async (by: Story) => (await states(by)).filter((state) => state === 'intent').length;
  /** The first answers wait for the reader, and so do all others that were asked for; nothing is under way, and nothing else begins. */
  const held = (by: Story, { written, underWay }: Pick<Awaited<ReturnType<typeof unread>>, 'written' | 'underWay'>) =>
    eventually(async () => written.length === 1 && underWay() === 0 && (await openIntents(by)) >= 16);

  it('holds up only themselves: items stop beginning, nothing is handed out to nobody, and a stop still holds for all of it', async () => {
    const by = await fresh();
    const caller = await unread(house, by, many(60), new AbortController().signal);
    const { done, written, read } = caller;
    await held(by, caller);
    expect((await stop(by)).status).toBe(303);
    // what would begin now is refused: so many had begun, however long one waits
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
    const caller = await unread(house, by, many(60), going.signal);
    const { done, written } = caller;
    await held(by, caller);
    going.abort(new Error('gone'));
    await expect(done).rejects.toBeDefined();
    expect(written).toHaveLength(1);
    expect(await openIntents(by)).toBe(0);
    expect((await states(by)).filter((state) => state === 'withheld').length).toBeGreaterThanOrEqual(16);
  });
});

describe('time', () => {
  it('is up for what is not answered, item by item; what is answered is handed out', async () => {
    const limits = { secondsPerCall: 1, transfers: { ...house.config.limits.batch.transfers, atHost: 2 } };
    const hasty = await house.another({ batch: limits });
    const paused = pause(house.host);
    const by = await fresh();
    const answer = await batch(house, by, { items: [...many(4), atSecond('fast')], port: hasty.port });
    const late = '504 temporarily_unavailable';
    expect(told(answersOf(answer))).toEqual({ i0: late, i1: late, i2: late, i3: late, fast: '200' });
    expect(house.host.hops).toHaveLength(2);
    expect((await states(by)).toSorted()).toEqual(['failed', 'failed', 'minted']);
    paused.open();
  });

  it('is up, too, when the process ends: what is under way is answered, or ended and closed', async () => {
    const ending = await house.another();
    const by = await fresh();
    const paused = pause(house.host);
    const stream = await streamed(house, by, { items: [item('slow'), atSecond('fast')], port: ending.port });
    expect(await stream.next()).toMatchObject({ id: 'fast', status: 200 });
    const closed = ending.app.close();
    paused.open();
    expect(told(await stream.rest())).toEqual({ slow: '200' });
    await closed;
    expect(await states(by)).toEqual(['minted', 'minted']);
  });
});
