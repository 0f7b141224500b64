import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Answer } from '@chatelaine/test-kit';
import { type Story, TestDeployment } from './support/deployment.ts';
import { selectedChoices } from './support/requester.ts';

let deployment: TestDeployment;
let home: Story;
let story: Story;

beforeAll(async () => {
  deployment = await TestDeployment.build();
  home = await deployment.story({ 'photos.read': 'allow' });
});
afterAll(() => deployment.close());
beforeEach(async () => {
  deployment.host.reset();
  story = await deployment.beside(home, { 'photos.read': 'allow', 'photos.write': 'ask' });
});

interface Wish {
  readonly scope?: string;
  readonly link?: string;
}
const hrefOf = ({ connection, linkId }: Story, { scope = 'photos.read', link = linkId }: Wish = {}): string =>
  `/rules?${new URLSearchParams({ app: connection.id, what: `${link} ${scope}` }).toString()}`;
const tried = async (of: Story, wish: Wish = {}): Promise<string> => {
  const page = await of.owner.browser.get(hrefOf(of, wish));
  expect(page.status).toBe(200);
  return page.words;
};
const ask = ({ requester, connection }: Story, { scope = 'photos.read' }: Wish = {}): Promise<Answer> =>
  requester.transfer({ connection, resource: deployment.host.resource, scope });
const outcomeOf = ({ status, json }: Answer): string => (status === 200 ? 'token' : String(json['error']));
const bound = (of: Story, fields: Readonly<Record<string, string>>): Promise<Answer> => {
  const path = `/apps/${of.connection.id}/rule`;
  const about = new URLSearchParams({ link: of.linkId, scope: 'photos.read' }).toString();
  return of.owner.browser.submit(`${path}?${about}`, path, { effect: 'allow', for: 'open', per: 'day', ...fields });
};
const press = ({ owner, connection }: Story, what: string, fields: Readonly<Record<string, string>> = {}) =>
  owner.browser.submit(`/apps/${connection.id}`, `/apps/${connection.id}/${what}`, fields);

const GETS = 'Reader would get a key.';
const ASKS = 'You would be asked.';
const REFUSED = 'Reader would be refused.';

describe('what would happen', () => {
  test.each<
    [what: string, arrange: () => Promise<unknown>, wish: Wish, says: readonly [string, string], comesTo: string]
  >([
    ['is allowed', async () => {}, {}, [GETS, 'You allow it without being asked.'], 'token'],
    [
      'is allowed so many times',
      () => bound(story, { most: '3' }),
      {},
      [GETS, 'It allows at most 3 times a day: not used yet.'],
      'token',
    ],
    [
      'was allowed as often as it may',
      async () => {
        await bound(story, { most: '1' });
        await ask(story);
      },
      {},
      [ASKS, 'You allow it at most once a day, and it has been that often.'],
      'interaction_required',
    ],
    [
      'is asked',
      async () => {},
      { scope: 'photos.write' },
      [ASKS, 'You want to be asked each time.'],
      'interaction_required',
    ],
    [
      'was asked and answered',
      async () => {
        const { json } = await ask(story, { scope: 'photos.write' });
        const { pathname } = new URL(String(json['interaction_uri']));
        await story.owner.browser.submit(pathname, pathname, { answer: 'once' });
      },
      { scope: 'photos.write' },
      [GETS, 'You have just said yes to this, for one key.'],
      'token',
    ],
    [
      'held until a moment ago',
      () => deployment.rows('update rule set expires_at = now() where connection_id = $1', [story.connection.id]),
      {},
      [ASKS, 'No answer of yours holds for this, so you are asked.'],
      'interaction_required',
    ],
    ['is never allowed', () => bound(story, { effect: 'deny' }), {}, [REFUSED, 'You never allow it.'], 'access_denied'],
    [
      'is paused',
      () => press(story, 'pause', { for: 'open' }),
      {},
      [REFUSED, 'You have paused Reader.'],
      'access_denied',
    ],
    [
      'was not chosen',
      async () => {},
      { scope: 'albums.read' },
      [REFUSED, 'You have not let Reader ask for it.'],
      'invalid_scope',
    ],
    [
      'has to be signed for',
      () => press(story, 'terms', { terms: 'only-for-me/1.0', 'terms-alternate': '' }),
      {},
      [REFUSED, 'Reader has not answered the terms that you offered it.'],
      'terms_required',
    ],
  ])('to what %s is said as it then happens', async (_what, arrange, wish, says, comesTo) => {
    await arrange();
    const words = await tried(story, wish);
    for (const one of says) expect(words).toContain(one);
    expect(outcomeOf(await ask(story, wish))).toBe(comesTo);
  });

  test('at another account than the app is shown, or one whose link is broken, is a refusal', async () => {
    const other = await deployment.link(story.owner);
    expect(await tried(story, { link: other })).toContain('You do not show Reader this account.');
    const own = await deployment.story({ 'photos.read': 'allow' });
    await deployment.rows(`update link set state = 'broken' where id = $1`, [own.linkId]);
    expect(await tried(own)).toContain('The link to Photos is broken.');
  });

  test('is tried for each connection of the app', async () => {
    const again = { ...story, connection: await deployment.connect({ ...story, answers: { 'photos.read': 'ask' } }) };
    for (const one of [story, again]) {
      const words = await tried(one);
      expect([words.includes(GETS), words.includes(ASKS)]).toEqual([true, true]);
      expect(words).toContain('By its connection since');
    }
  });

  test('leaves nothing behind: no row, no count, no question, and nobody is called', async () => {
    await bound(story, { most: '2' });
    const seen = () =>
      deployment.rows(
        `select (select sum(used)::int from rule_limit where owner_id = $1) as used, (select count(*)::int from ask
          where owner_id = $1) as asks,
           (select count(*)::int from transfer where owner_id = $1) as transfers, (select policy_version from owner
             where id = $1) as version,
           (select count(*)::int from timeline_entry where owner_id = $1) as told, (select count(*)::int
             from oauth_replay) as burned`,
        [story.owner.id],
      );
    const before = await seen();
    for (const scope of ['photos.read', 'photos.write', 'albums.read']) await tried(story, { scope });
    expect(await seen()).toEqual(before);
    expect(deployment.host.hops).toEqual([]);
  });

  test('is nobody else’s to know, and what is not there answers the same', async () => {
    const other = await deployment.story({ 'photos.read': 'allow' });
    const { browser } = other.owner;
    const none = 'There is no such app or account of yours';
    const answers = await Promise.all(
      [
        hrefOf(story),
        hrefOf(other, { link: story.linkId }),
        hrefOf({ ...other, connection: story.connection }),
        hrefOf(other, { scope: 'no.such' }),
        '/rules?app=con_none&what=x',
        '/rules?app=%00&what=%00',
        '/rules?what=x',
        '/rules?app=x&app=y&what=x',
      ].map((path) => browser.get(path)),
    );
    for (const { status, words } of answers) {
      expect([200, 400]).toContain(status);
      if (status === 200) expect(words).toContain(none);
      expect(words).not.toMatch(/would get a key|would be (asked|refused)/);
    }
    const visitor = await fetch(`http://127.0.0.1:${deployment.ams[0].port}/rules`, { redirect: 'manual' });
    expect(visitor.status).toBe(303);
  });

  test('is tried on a page that says that nothing is done, or how to begin', async () => {
    const page = await story.owner.browser.get('/rules');
    expect([page.status, page.words]).toEqual([
      200,
      expect.stringContaining('Nothing is asked for, counted or written'),
    ]);
    const newcomer = await deployment.owner();
    expect((await newcomer.browser.get('/rules')).words).toContain('Nothing to try yet');
  });
});

describe('what new apps begin with', () => {
  const save = (of: Story, fields: Readonly<Record<string, string>>): Promise<Answer> =>
    of.owner.browser.submit('/rules', '/rules/defaults', fields);
  const CHOSEN = { reading: 'allow', writing: 'ask', new_services: 'ask' };
  const stored = async (of: Story): Promise<unknown[]> =>
    Object.values(
      (
        await deployment.rows('select new_apps_read, new_apps_write, new_services from owner where id = $1', [
          of.owner.id,
        ])
      )[0] ?? {},
    );
  /** What is preselected, for one account, on the consent page of a new app. */
  const begun = async (of: Story, linkId: string): Promise<Record<string, string>> => {
    const document = { chatelaine_wants: [{ scope: 'photos.read photos.write', purpose: 'To print them' }] };
    const { path } = await deployment.requester({ document }).push();
    const page = await of.owner.browser.get(path);
    expect(page.status).toBe(200);
    const checked = selectedChoices(page.text);
    return { all: checked[`all:${linkId}`] ?? '', write: checked[`answer:${linkId}:photos.write`] ?? '' };
  };

  test('is the general one until its owner chooses, then shows for a new app, and changes no old one', async () => {
    const of = await deployment.story({ 'photos.read': 'allow' });
    const unused = await deployment.link(of.owner, deployment.second);
    expect(await begun(of, of.linkId)).toEqual({ all: 'ask', write: 'no' });
    const rules = () => deployment.rows('select * from rule where owner_id = $1', [of.owner.id]);
    const before = await rules();
    expect((await save(of, CHOSEN)).headers.location).toBe('/rules?saved=yes');
    expect((await of.owner.browser.get('/rules?saved=yes')).words).toContain('Saved.');
    expect(await begun(of, of.linkId)).toEqual({ all: 'allow', write: 'ask' });
    expect(await begun(of, unused)).toEqual({ all: 'ask', write: 'ask' });
    expect(await rules()).toEqual(before);
  });

  test('is not changed by a form that makes no sense, or comes from another site or from nobody', async () => {
    const before = await stored(home);
    for (const wrong of [{ reading: 'always' }, { writing: '' }, { new_services: 'deny' }])
      expect((await save(home, { ...CHOSEN, ...wrong })).status).toBe(400);
    expect((await home.owner.browser.post('/rules/defaults', CHOSEN)).status).toBe(403);
    expect(await stored(home)).toEqual(before);
  });
});
