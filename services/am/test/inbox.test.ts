import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, type Browser } from '@chatelaine/test-kit';
import { ALL_WELL, House, type Story } from './support/house.ts';
import { holding, waiting } from './support/locks.ts';
import { SCOPES } from './support/scripted-host.ts';

let house: House;
let story: Story;

const ask = (by: Story = story, scope = 'photos.write', purpose?: string): Promise<Answer> =>
  by.requester.transfer({
    connection: by.connection,
    resource: house.host.resource,
    scope,
    ...(purpose === undefined ? {} : { params: { purpose } }),
  });
const pathOf = ({ json }: Answer): string => new URL(String(json['interaction_uri'])).pathname;
const answer = (browser: Browser, path: string, given: string) => browser.submit(path, path, { answer: given });
const errorOf = ({ status, json }: Answer) => `${status} ${String(json['error'])}`;
const ANSWERS = { 'photos.read': 'ask', 'photos.write': 'ask', 'albums.read': 'allow' } as const;
/** A connection that nothing was asked over yet. */
const fresh = () => house.beside(story, ANSWERS);

beforeAll(async () => {
  house = await House.build();
  story = await house.story(ANSWERS);
});
beforeEach(() => house.host.reset());
afterAll(() => house.close());

/** Makes writing a new question of this connection take its time, so that those that come side by side meet. */
async function slowly({ connection }: Story): Promise<void> {
  await house.rows(`create function take_time() returns trigger language plpgsql as
    $$ begin perform pg_sleep(0.05); return new; end $$`);
  await house.rows(`create trigger slow before insert on ask for each row
    when (new.connection_id = '${connection.id}') execute function take_time()`);
}

describe('a transfer that needs the owner', () => {
  it('is interaction_required, with an address on the AM’s own origin and the scope that was asked for', async () => {
    const { status, json } = await ask();
    expect(status).toBe(400);
    expect(json).toEqual({
      error: 'interaction_required',
      error_description: expect.any(String),
      interaction_uri: expect.stringMatching(new RegExp(`^${house.issuer}/asks/[A-Za-z0-9_-]+$`)),
      scope: 'photos.write',
    });
    expect(house.host.hops).toEqual([]);
  });

  it('finds the same question when it is asked again, in any order of scopes, by either process', async () => {
    const first = await ask(story, 'photos.read photos.write');
    const second = await story.requester.transfer({
      connection: story.connection,
      resource: house.host.resource,
      scope: 'photos.write photos.read',
      port: house.ams[1].port,
    });
    expect(pathOf(second)).toBe(pathOf(first));
    expect(pathOf(await ask(story, 'photos.read'))).not.toBe(pathOf(first));
  });

  it('asks for the whole when one scope of several needs it', async () => {
    expect((await ask(story, 'albums.read photos.read')).json).toMatchObject({
      error: 'interaction_required',
      scope: 'albums.read photos.read',
    });
  });

  it('finds room for 20 open questions and not one more, however many ask at once at both processes', async () => {
    const all = Object.keys(SCOPES);
    const eager = await house.beside(story, Object.fromEntries(all.map((scope) => [scope, 'ask' as const])));
    await slowly(eager);
    const subsets = Array.from({ length: 31 }, (_, bits) =>
      all.filter((_scope, at) => ((bits + 1) >> at) & 1).join(' '),
    );
    const answers = await Promise.all(
      subsets.map((scope, at) =>
        eager.requester.transfer({
          connection: eager.connection,
          resource: house.host.resource,
          scope,
          port: house.ams[at % 2]?.port ?? 0,
        }),
      ),
    );
    const counts = Map.groupBy(answers, errorOf);
    expect([...counts].map(([error, { length }]) => `${error}: ${length}`).toSorted()).toEqual([
      '400 interaction_required: 20',
      '429 temporarily_unavailable: 11',
    ]);
    expect(counts.get('429 temporarily_unavailable')?.[0]?.headers['retry-after']).toBeDefined();
    // what is open already stays askable
    const open = answers.find(({ status }) => status === 400);
    expect(errorOf(await ask(eager, String(open?.json['scope'])))).toBe('400 interaction_required');
  });
});

describe('the question', () => {
  it('is shown to its owner: who asks, for what, at which account, and why in the Requester’s own words, inert', async () => {
    const named = await house.story({ 'photos.write': 'ask' }, { name: '<img src=x onerror=alert(1)>' });
    const path = pathOf(await ask(named, 'photos.write', '<script>alert(1)</script>'));
    const page = await named.owner.browser.get(path);
    expect(page.status).toBe(200);
    expect(page.text).not.toMatch(/<script>alert|<img src=x/);
    const text = page.words;
    for (const part of ['Add photos', 'photos.write', 'my Photos', '<script>alert(1)</script>', '<img src=x']) {
      expect(text).toContain(part);
    }
  });

  it('does not exist for anybody else: one answer for another owner’s, one that never was, and one in bad letters', async () => {
    const path = pathOf(await ask());
    const other = await house.owner();
    const answers = [
      await other.browser.get(path),
      await other.browser.get('/asks/ask_AAAAAAAAAAAAAAAAAAAAAA'),
      await other.browser.get(`/asks/${'x'.repeat(90)}`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect(new Set(answers.map((page) => page.words)).size).toBe(1);
    expect((await other.browser.get('/asks/%00')).status).toBe(404);
    const posted = await other.browser.submit('/hosts', path, { answer: 'always' });
    expect(posted.status).toBe(404);
    expect(errorOf(await ask())).toBe('400 interaction_required');
  });

  it('sends whoever is not signed in to sign in, and tells him nothing', async () => {
    const path = pathOf(await ask());
    const nobody = (await house.owner()).browser;
    await nobody.submit('/', '/sign-out');
    const page = await nobody.get(path);
    expect(page.status).toBe(303);
    expect(page.headers.location).toBe(`/sign-in?return_to=${encodeURIComponent(path)}`);
  });

  it.each([
    ['no form token', {}, {}],
    ['another site’s origin', {}, { 'sec-fetch-site': 'cross-site' }],
  ])('is not answered by a form with %s', async (_what, fields, headers) => {
    const path = pathOf(await ask());
    const { browser } = story.owner;
    const refused = await browser.post(path, { answer: 'always', ...fields }, headers);
    expect(refused.status).toBe(403);
    expect((await browser.get(path)).status).toBe(200);
  });

  it('is shown again when the answer is none', async () => {
    const path = pathOf(await ask());
    expect((await answer(story.owner.browser, path, 'sure')).status).toBe(400);
    expect((await story.owner.browser.get(path)).status).toBe(200);
  });

  it('is gone when its connection or its link is stopped', async () => {
    const stopped = await fresh();
    const { browser } = stopped.owner;
    const path = pathOf(await ask(stopped));
    await browser.submit('/requesters', `/requesters/${stopped.connection.id}/stop`);
    expect((await browser.get(path)).status).toBe(404);
    const unlinked = await house.story(ANSWERS);
    const gone = pathOf(await ask(unlinked));
    await unlinked.owner.browser.submit('/hosts', `/hosts/${unlinked.linkId}/stop`);
    expect((await unlinked.owner.browser.get(gone)).status).toBe(404);
  });

  it('is gone when it was not answered in its time, and asking again brings it back', async () => {
    const late = await fresh();
    const path = pathOf(await ask(late));
    await house.rows(`update ask set expires_at = now() - interval '1 second' where connection_id = $1`, [
      late.connection.id,
    ]);
    expect((await late.owner.browser.get(path)).status).toBe(404);
    const again = pathOf(await ask(late));
    expect((await late.owner.browser.get(again)).status).toBe(200);
  });
});

describe('"allow once"', () => {
  it('lets exactly one transfer of exactly these scopes through', async () => {
    const once = await fresh();
    await answer(once.owner.browser, pathOf(await ask(once)), 'once');
    expect(errorOf(await ask(once, 'photos.read'))).toBe('400 interaction_required');
    expect(errorOf(await ask(once, 'photos.read photos.write'))).toBe('400 interaction_required');
    expect((await ask(once)).status).toBe(200);
    expect(errorOf(await ask(once))).toBe('400 interaction_required');
    expect(house.host.minted.filter(({ clientId }) => clientId === once.requester.clientId)).toHaveLength(1);
  });

  it('is good for ten minutes by the database’s clock', async () => {
    const late = await fresh();
    await answer(late.owner.browser, pathOf(await ask(late)), 'once');
    const [{ left } = { left: 0 }] = await house.rows<{ left: number }>(
      `select extract(epoch from expires_at - now())::float8 as left from ask where connection_id = $1 and state = 'approved'`,
      [late.connection.id],
    );
    expect(left).toBeGreaterThan(590);
    expect(left).toBeLessThanOrEqual(600);
    await house.rows(`update ask set expires_at = now() - interval '1 second' where connection_id = $1`, [
      late.connection.id,
    ]);
    expect(errorOf(await ask(late))).toBe('400 interaction_required');
  });

  it('is not good for another connection of the same Requester', async () => {
    const first = await fresh();
    const second = { ...first, connection: await house.connect({ ...first, answers: { 'photos.write': 'ask' } }) };
    await answer(first.owner.browser, pathOf(await ask(first)), 'once');
    expect(errorOf(await ask(second))).toBe('400 interaction_required');
  });

  it('is spent by a transfer that the Host refused', async () => {
    const spent = await fresh();
    await answer(spent.owner.browser, pathOf(await ask(spent)), 'once');
    house.host.script.transfer = () => ({ status: 400, json: { error: 'access_denied' } });
    expect(errorOf(await ask(spent))).toBe('400 access_denied');
    house.host.script = {};
    expect(errorOf(await ask(spent))).toBe('400 interaction_required');
  });

  it('is no longer good once the connection is stopped', async () => {
    const stopped = await fresh();
    await answer(stopped.owner.browser, pathOf(await ask(stopped)), 'once');
    await stopped.owner.browser.submit('/requesters', `/requesters/${stopped.connection.id}/stop`);
    expect(errorOf(await ask(stopped))).toBe('400 invalid_request');
    expect(house.host.hops).toEqual([]);
  });
});

describe('the other answers', () => {
  it('"always" writes a rule: no more questions for these scopes, and only these', async () => {
    const always = await fresh();
    const page = await answer(always.owner.browser, pathOf(await ask(always)), 'always');
    expect(page.status).toBe(200);
    expect((await ask(always)).status).toBe(200);
    expect((await ask(always)).status).toBe(200);
    expect(errorOf(await ask(always, 'photos.read'))).toBe('400 interaction_required');
  });

  it('"never" writes a rule: denied by the AM, without a question', async () => {
    const never = await fresh();
    const path = pathOf(await ask(never));
    await answer(never.owner.browser, path, 'never');
    const denied = await ask(never);
    expect(denied.json).toMatchObject({ error: 'access_denied', denied_by: 'am', requestable: false });
    expect(errorOf(await ask(never, 'photos.read photos.write'))).toBe('400 access_denied');
    expect((await ask(never, 'albums.read')).status).toBe(200);
  });

  it('"not now" only closes the question', async () => {
    const later = await fresh();
    const path = pathOf(await ask(later));
    await answer(later.owner.browser, path, 'not-now');
    const again = await ask(later);
    expect(errorOf(again)).toBe('400 interaction_required');
    expect(pathOf(again)).not.toBe(path);
  });

  it('last as long as the connection does, when they are rules', async () => {
    const ending = story;
    const monthly = await house.connect({
      ...ending,
      answers: { 'photos.write': 'ask' },
      fields: { duration: 'month' },
    });
    await answer(ending.owner.browser, pathOf(await ask({ ...ending, connection: monthly })), 'always');
    expect(
      await house.rows(
        `select effect, r.expires_at = c.expires_at as together from rule r join connection c on c.id = r.connection_id
         where c.id = $1 and r.scope = 'photos.write'`,
        [monthly.id],
      ),
    ).toEqual([{ effect: 'allow', together: true }]);
  });

  it('count once: the second answer finds nothing to answer, and changes nothing', async () => {
    const twice = await fresh();
    const { browser } = twice.owner;
    const path = pathOf(await ask(twice));
    const token = /name="_csrf" value="([^"]+)"/.exec((await browser.get(path)).text)?.[1] ?? '';
    const answers = await Promise.all([
      browser.post(path, { _csrf: token, answer: 'always' }),
      browser.at(house.ams[1].port).post(path, { _csrf: token, answer: 'always' }),
      browser.post(path, { _csrf: token, answer: 'always' }),
    ]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 404, 404]);
    expect(answers.map((page) => page.words).filter((text) => text.includes('Nothing to answer here'))).toHaveLength(2);
    expect((await browser.post(path, { _csrf: token, answer: 'never' })).status).toBe(404);
    expect((await ask(twice)).status).toBe(200);
    expect(
      await house.rows(`select 1 as one from timeline_entry where kind = 'ask_answered' and data->>'connection' = $1`, [
        twice.connection.id,
      ]),
    ).toEqual([{ one: 1 }]);
  });

  it('and a stop never wait for each other: both come through', async () => {
    const raced = await fresh();
    const { browser } = raced.owner;
    const path = pathOf(await ask(raced));
    const token = /name="_csrf" value="([^"]+)"/.exec((await browser.get(path)).text)?.[1] ?? '';
    const [stopped, answered] = await holding(
      house,
      `select 1 from owner where id = '${raced.owner.id}' for update`,
      async (release) => {
        const stopping = browser
          .at(house.ams[1].port)
          .post(`/requesters/${raced.connection.id}/stop`, { _csrf: token });
        await waiting(house, 1);
        const answering = browser.post(path, { _csrf: token, answer: 'always' });
        await waiting(house, 2);
        await release();
        return Promise.all([stopping, answering]);
      },
    );
    expect([200, 404]).toContain(answered.status);
    expect(stopped.status).toBe(303);
    expect(errorOf(await ask(raced))).toBe('400 invalid_request');
    expect(await house.rows('select deadlocks::int from pg_stat_database where datname = current_database()')).toEqual([
      { deadlocks: 0 },
    ]);
  });
});

it('leaves no token without its row, and no row open', async () => {
  expect(await house.audit()).toEqual(ALL_WELL);
});
