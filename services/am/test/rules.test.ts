import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Answer } from '@chatelaine/test-kit';
import { createWorld, makeConnection, makeLink, type Person, type World } from './support/world.ts';

let world: World;
let person: Person;
let linkId: string;
let connectionId: string;

beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  person = await world.person();
  linkId = await makeLink(world, person);
  ({ id: connectionId } = await makeConnection(world, person, [linkId]));
});

const field = (scope = 'photos.read', link = linkId): string => `rule:${link}:${scope}`;
const save = (who: Person, fields: Readonly<Record<string, string>>, id = connectionId): Promise<Answer> =>
  who.browser.submit(`/apps/${id}`, `/apps/${id}/rules`, fields);
const rulesOf = async (id = connectionId) =>
  (
    await world.pool.query(
      'select link_id, scope, effect from rule where connection_id = $1 and (expires_at is null or expires_at > now())',
      [id],
    )
  ).rows;
const versionOf = async (who = person): Promise<number> =>
  Number((await world.pool.query('select policy_version as v from owner where id = $1', [who.ownerId])).rows[0]?.v);

describe('what a Requester may do', () => {
  test('is changed per scope by its owner, holds from then on, and is written down', async () => {
    for (const effect of ['allow', 'deny', 'ask'] as const) {
      const before = await versionOf();
      const answer = await save(person, { [field()]: effect });
      expect([answer.status, answer.headers.location]).toEqual([303, `/apps/${connectionId}?saved=yes`]);
      const now = await rulesOf();
      // without a rule the owner is asked, yet an "ask" that replaces another answer is stored as a rule
      expect(now).toEqual([{ link_id: linkId, scope: 'photos.read', effect }]);
      expect(await versionOf()).toBe(before + 1);
      const page = await person.browser.get(`/apps/${connectionId}?saved=yes`);
      expect(page.text).toMatch(new RegExp(`name="${field()}" value="${effect}" checked`));
      expect(page.words).toContain('Saved.');
    }
    const timeline = (await person.browser.get('/timeline')).words;
    expect(timeline).toContain('You changed what Reader may do with “my Photos” at Photos: “See your photos” is now');
  });

  test('saved without a change changes nothing, not even the decision version', async () => {
    const before = await versionOf();
    expect((await save(person, { [field()]: 'ask' })).status).toBe(303);
    expect([await rulesOf(), await versionOf()]).toEqual([[], before]);
  });

  test('settles the questions it answers, and no others', async () => {
    const ask = (id: string, scope: string) =>
      world.pool.query(
        `insert into ask (id, owner_id, connection_id, host_id, link_id, scopes, scope_key, state, expires_at)
         select $1, owner_id, $2, host_id, id, array[$3::text], $3, 'open', now() + interval '1 day' from link
           where id = $4`,
        [id, connectionId, scope, linkId],
      );
    await ask(`ask_r${connectionId}`, 'photos.read');
    await ask(`ask_w${connectionId}`, 'photos.write');
    await save(person, { [field()]: 'deny' });
    const { rows } = await world.pool.query('select scope_key, state from ask where connection_id = $1 order by 1', [
      connectionId,
    ]);
    expect(rows).toEqual([
      { scope_key: 'photos.read', state: 'closed' },
      { scope_key: 'photos.write', state: 'open' },
    ]);
  });

  test('changed twice at once ends as one of the two, with one rule', async () => {
    const answers = await Promise.all([save(person, { [field()]: 'allow' }), save(person, { [field()]: 'deny' })]);
    // the second may find that the form was filled in on outdated rules
    expect(answers.map(({ status }) => status)).toContain(303);
    for (const { status } of answers) expect([303, 409]).toContain(status);
    expect(await rulesOf()).toHaveLength(1);
  });
});

describe('nobody changes, sees or names the rules of another', () => {
  test('another person’s connection, one that never was, an ended one and a strange id answer alike: 404', async () => {
    const other = await world.person();
    const gone = await world.person();
    const ended = await makeConnection(world, gone, [await makeLink(world, gone)]);
    await gone.browser.submit('/apps', `/apps/${ended.id}/stop`);
    const answers = await Promise.all([
      save(other, { [field()]: 'allow' }),
      save(other, { [field()]: 'allow' }, 'con_0000000000000000'),
      save(other, { [field()]: 'allow' }, ended.id),
      save(other, { [field()]: 'allow' }, '%00'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(new Set(answers.slice(0, 3).map(({ words }) => words)).size).toBe(1);
    expect(await rulesOf()).toEqual([]);
    for (const id of [connectionId, ended.id]) expect((await other.browser.get(`/apps/${id}`)).status).toBe(404);
    expect((await save(gone, { [field()]: 'allow' }, ended.id)).status).toBe(404);
  });

  test('another person’s link, a hidden one, a scope beyond consent or a false answer cannot be named', async () => {
    const other = await world.person();
    const theirs = await makeLink(world, other);
    const hidden = await makeLink(world, person);
    const refused: Readonly<Record<string, string>>[] = [
      { [field('photos.read', theirs)]: 'allow' },
      { [field('photos.read', hidden)]: 'allow' },
      { [field('photos.write')]: 'allow' },
      { [field()]: 'always' },
      { [field()]: 'allow', [field('*')]: 'allow' },
    ];
    for (const fields of refused) {
      const answer = await save(person, fields);
      expect([answer.status, answer.words]).toEqual([409, expect.stringContaining('nothing was saved')]);
    }
    expect(await rulesOf()).toEqual([]);
    expect((await world.pool.query('select 1 from rule where link_id = any($1)', [[theirs, hidden]])).rowCount).toBe(0);
  });

  test('a form without its token, or from another site, changes nothing', async () => {
    const path = `/apps/${connectionId}/rules`;
    const answers = await Promise.all([
      person.browser.post(path, { [field()]: 'allow' }),
      person.browser.post(path, { [field()]: 'allow' }, { 'sec-fetch-site': 'cross-site' }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
    expect(await rulesOf()).toEqual([]);
  });
});
