import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createWorld, eventually, makeConnection, makeLink, type Person, type World } from './support/world.ts';

let world: World;
let person: Person;
let linkId: string;

beforeAll(async () => {
  world = await createWorld();
  person = await world.person();
  linkId = await makeLink(world, person);
});
afterEach(() => {
  world.host.behaviour = {};
});
afterAll(() => world.close());

/** The words of the page to which the test of a link leads. */
async function testLink(who = person, id = linkId) {
  const answer = await who.browser.submit('/hosts', `/hosts/${id}/test`);
  return answer.status === 303 ? who.browser.get(answer.headers.location ?? '') : answer;
}
const seen = async () =>
  (
    await world.pool.query<{ answered: boolean; unreachable: boolean }>(
      `select answered_at > now() - interval '1 minute' as answered, unreachable_since is not null as unreachable
       from link_seen where link_id = $1`,
      [linkId],
    )
  ).rows[0];

describe('the health of a service is what was last seen of it', () => {
  test('nothing before it was asked, then when it answered', async () => {
    const other = await world.person();
    expect((await person.browser.get('/hosts')).words).toContain('not asked yet');
    const answer = await testLink();
    expect([answer.status, answer.words]).toEqual([
      200,
      expect.stringContaining('Photos answered just now, and honours'),
    ]);
    expect(answer.words).toMatch(/Last seen last answered \d/);
    expect(await seen()).toEqual({ answered: true, unreachable: false });
    expect((await person.browser.get('/')).words).toContain('answers');
    // another person at the same service learns nothing of it
    await makeLink(world, other);
    expect((await other.browser.get('/hosts')).words).toContain('not asked yet');
  });

  test('since when it cannot be reached, until it answers again', async () => {
    await world.host.stop();
    const down = await testLink();
    expect(down.words).toContain('could not be reached just now');
    expect(down.words).toMatch(/unreachable since .*; last answered/);
    expect((await person.browser.get('/')).words).toContain('not reachable');
    const since = async () =>
      (await world.pool.query('select unreachable_since from link_seen where link_id = $1', [linkId])).rows[0]
        ?.unreachable_since as Date;
    const first = await since();
    await testLink();
    expect(await since()).toEqual(first);
    await world.host.start();
    await testLink();
    expect(await seen()).toEqual({ answered: true, unreachable: false });
  });

  test('also by what is told of an end, with nobody looking', async () => {
    await world.pool.query('delete from link_seen');
    const { id } = await makeConnection(world, person, [linkId]);
    await person.browser.submit('/apps', `/apps/${id}/stop`);
    await eventually(async () => (await seen())?.answered === true);
  });

  test('and what a test finds is said: an answer that is none, and a link that is honoured no more', async () => {
    world.host.behaviour.token = () => ({ status: 200, json: { odd: true } });
    expect((await testLink()).words).toContain('gave no usable answer just now');
    world.host.behaviour.token = () => ({ status: 400, json: { error: 'invalid_grant' } });
    const broken = await testLink();
    expect(broken.words).toContain('no longer honours');
    expect(broken.words).toContain('Repair this link');
  });
});

describe('a test of a link', () => {
  test('of another person, one that never was, and a strange id answer alike: 404, and nobody is asked', async () => {
    const stranger = await world.person();
    const theirs = await makeLink(world, stranger);
    const before = world.host.callsOf('/token').length;
    const answers = [];
    for (const id of [theirs, 'link_0000', '%00', "'or'1'='1"]) answers.push(await testLink(person, id));
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(answers[0]?.words).toBe(answers[1]?.words);
    expect(world.host.callsOf('/token')).toHaveLength(before);
  });

  test('needs the form’s token and our own page, and is done so often an hour', async () => {
    const tester = await world.person();
    const own = await makeLink(world, tester);
    const path = `/hosts/${own}/test`;
    const refused = [
      await tester.browser.post(path, {}),
      await tester.browser.post(path, {}, { 'sec-fetch-site': 'cross-site' }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([403, 403]);
    for (let count = 0; count < 60; count += 1) expect((await testLink(tester, own)).status).toBe(200);
    const calls = world.host.callsOf('/token').length;
    expect((await testLink(tester, own)).status).toBe(429);
    expect(world.host.callsOf('/token')).toHaveLength(calls);
  });
});
