import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Answer, type Browser, eventually, hiddenFields } from '@chatelaine/test-kit';
import { connectAm, signUp, startWorld, type World } from './support/world.ts';

let world: World;
let origin: string;
let browser: Browser;
beforeAll(async () => {
  world = await startWorld();
  origin = await world.start();
});
afterAll(() => world.close());
beforeEach(async () => {
  const { deployment } = world;
  deployment.on = {};
  deployment.refusal = {};
  deployment.entries = { photos: [], notes: [] };
  browser = await signUp(origin);
  await connectAm(deployment, browser);
  deployment.received.length = 0;
  deployment.asked.length = 0;
});

type Destination = 'photos' | 'notes';
const kept = (at: Destination) => world.deployment.entries[at]?.map(({ text }) => text);
const sent = () =>
  world.deployment.received.filter(({ path, method }) => method === 'POST' && path.endsWith('/api/entries')).length;
const DENIED = { status: 400, json: { error: 'access_denied', denied_by: 'am' } };

/** What a form would send, with its own attempt, to the Hosts named. */
function fieldsOf(page: Answer, ...destinations: Destination[]): Record<string, string> {
  const boxes = [...page.text.matchAll(/name="(to [^"]+)"/g)].map((match) => match[1] ?? '');
  const chosen = boxes.filter((name) =>
    destinations.some((destination) => name.endsWith(` ${world.deployment.resource(destination)}`)),
  );
  return { ...hiddenFields(page.text, '/entries'), ...Object.fromEntries(chosen.map((name) => [name, 'yes'])) };
}
const checked = (page: Answer) =>
  [...page.text.matchAll(/name="(to [^"]+)" value="yes" checked/g)].map((match) => match[1] ?? '');
const follow = (page: Answer) => browser.get(page.headers['location'] ?? 'nowhere');

async function post(text: string, ...destinations: Destination[]): Promise<Answer> {
  return browser.post('/entries', { ...fieldsOf(await browser.get('/'), ...destinations), text });
}

describe('posting', () => {
  test('writes to every chosen Host and shows it in the feed, with one call for their keys', async () => {
    const page = await browser.get('/');
    world.deployment.received.length = 0;
    const posted = await browser.post('/entries', { ...fieldsOf(page, 'photos', 'notes'), text: 'Hello there' });
    expect([posted.status, posted.headers['location']]).toEqual([303, '/']);
    expect([kept('photos'), kept('notes')]).toEqual([['Hello there'], ['Hello there']]);
    expect([world.deployment.count('am /transfers'), world.deployment.count('am /token')]).toEqual([1, 0]);
    expect(world.deployment.asked.slice(-2).map(({ scope }) => scope)).toEqual(['entries.write', 'entries.write']);
    expect((await browser.get('/')).words.match(/Hello there/g)).toHaveLength(2);
    await post('Only here', 'notes');
    expect([kept('photos'), kept('notes')]).toEqual([['Hello there'], ['Hello there', 'Only here']]);
  });

  test('says at each Host what came of it and what to do; the text is kept for those it failed at', async () => {
    const interaction_uri = `${world.deployment.am}/asks/1`;
    world.deployment.refusal[world.deployment.resource('notes')] = {
      status: 400,
      json: { error: 'interaction_required', interaction_uri },
    };
    const posted = await post('Keep me', 'photos', 'notes');
    expect([posted.status, posted.headers['location']]).toEqual([303, expect.stringMatching(/^\/posted\?attempt=/)]);
    const page = await follow(posted);
    expect(page.words).toMatch(
      /Posted to 1 of 2 Hosts.*Photos kim posted.*Notes needs you kim Notes waits for your decision/,
    );
    expect(page.text).toContain(`href="${interaction_uri}"`);
    expect(page.text).toContain('>Keep me</textarea>');
    expect(checked(page)).toEqual([expect.stringContaining(world.deployment.resource('notes'))]);
    expect(page.text).not.toContain(`name="to ${world.deployment.resource('photos')}`);
    world.deployment.refusal = {};
    const again = await browser.post('/entries', { ...fieldsOf(page, 'notes'), text: 'Keep me' });
    expect(again.headers['location']).toBe('/');
    expect([kept('photos'), kept('notes')]).toEqual([['Keep me'], ['Keep me']]);
  });

  test.each<[string, () => void, RegExp]>([
    [
      'a rule says no',
      () => (world.deployment.refusal[world.deployment.resource('notes')] = DENIED),
      /a rule at your authorization manager says no for Notes/,
    ],
    [
      'the Host says no',
      () => (world.deployment.on['notes /api/entries'] = () => ({ status: 403, json: {} })),
      /Notes itself refused/,
    ],
    [
      'the Host is down',
      () => (world.deployment.on['notes /api/entries'] = () => ({ status: 503, json: {} })),
      /Notes cannot answer at the moment. Post it again in a while/,
    ],
    [
      'the Host hangs up without an answer',
      () => (world.deployment.on['notes /api/entries'] = () => ({ raw: (response) => response.destroy() })),
      /Notes did not say whether it took this. It may have kept the entry all the same: look there/,
    ],
    [
      'the AM is busy',
      () =>
        (world.deployment.on['am /transfers'] = () => ({ status: 503, json: { error: 'temporarily_unavailable' } })),
      /Your authorization manager does not answer/,
    ],
    [
      'the AM talks nonsense',
      () => (world.deployment.on['am /transfers'] = () => ({ json: ['what?'] })),
      /Your authorization manager answered something/,
    ],
  ])('when %s the text is not lost', async (_name, arrange, sentence) => {
    const fields = fieldsOf(await browser.get('/'), 'notes');
    arrange();
    const page = await follow(await browser.post('/entries', { ...fields, text: 'Keep me' }));
    expect([page.status, page.words]).toEqual([200, expect.stringMatching(sentence)]);
    expect(page.words).toMatch(/Not posted/);
    expect(page.words).not.toContain('Reload');
    expect(page.text).toContain('>Keep me</textarea>');
    // what may be there already is not ticked again
    expect(checked(page)).toHaveLength(/may have kept/.test(page.words) ? 0 : 1);
  });

  test('twice the same attempt is one post: by reload, by sending again, and both at once', async () => {
    const fields = { ...fieldsOf(await browser.get('/'), 'notes', 'photos'), text: 'Once' };
    const all = await Promise.all([browser.post('/entries', fields), browser.post('/entries', fields)]);
    expect(all.map(({ status }) => status)).toEqual([303, 303]);
    const again = await browser.post('/entries', fields);
    expect([kept('photos'), kept('notes'), sent()]).toEqual([['Once'], ['Once'], 2]);
    for (const _time of [1, 2])
      expect((await follow(again)).words).toMatch(/Posted.*Photos kim posted.*Notes kim posted/);
    expect(sent()).toBe(2);
  });

  test('that broke off in the middle says so, and keeps the text', async () => {
    const fields = fieldsOf(await browser.get('/'), 'notes');
    const hold = Promise.withResolvers<{ status: number; json: object }>();
    world.deployment.on['notes /api/entries'] = () => hold.promise;
    const first = browser.post('/entries', { ...fields, text: 'Half way' });
    const second = await eventually(async () => {
      const page = await browser.get(`/posted?attempt=${fields['attempt']}`);
      return page.status !== 404 && page;
    });
    expect(second.words).toMatch(/Being posted.*look at your Hosts before you post it again.*Half way/);
    hold.resolve({ status: 201, json: {} });
    expect((await first).status).toBe(303);
  });

  test('over two connections to one Host goes to both accounts', async () => {
    await connectAm(world.deployment, browser);
    const page = await browser.get('/');
    expect(page.words.match(/Photos kim · \d of 4 shown/g)).toHaveLength(2);
    await browser.post('/entries', { ...fieldsOf(page, 'photos'), text: 'Both' });
    expect(kept('photos')).toEqual(['Both', 'Both']);
    expect(world.deployment.count('am /transfers')).toBe(4);
  });

  test('nothing, too much, or to no Host, is not sent, and nothing typed is lost', async () => {
    const fields = fieldsOf(await browser.get('/'), 'notes');
    for (const text of ['', '   ', 'x'.repeat(2001), 'bell \u0007'])
      expect((await browser.post('/entries', { ...fields, text })).status).toBe(400);
    const none = await browser.post('/entries', { ...fieldsOf(await browser.get('/')), text: 'Where to?' });
    expect([none.status, none.words]).toEqual([400, expect.stringContaining('choose at least one Host')]);
    expect(none.text).toContain('>Where to?</textarea>');
    const long = await browser.post('/entries', { ...fields, text: 'x'.repeat(2001) });
    expect(checked(long)).toHaveLength(1);
    expect(sent()).toBe(0);
    const lines = `${'x'.repeat(1_000)}\r\n${'y'.repeat(999)}`;
    await browser.post('/entries', { ...fields, text: lines });
    expect(kept('notes')).toEqual([lines.replace('\r', '')]);
  });

  test('to a Host that is not offered, over another’s connection or under their attempt, is a 404', async () => {
    const { attempt = '', ...fields } = fieldsOf(await browser.get('/'), 'notes');
    const [own = ''] = Object.keys(fields).filter((name) => name.startsWith('to '));
    const connection = own.split(' ')[1];
    const other = await signUp(origin);
    await connectAm(world.deployment, other);
    const theirs = fieldsOf(await other.get('/'), 'photos');
    expect((await other.post('/entries', { ...theirs, [own]: 'yes', text: 'x' })).status).toBe(404);
    for (const name of [
      `to ${connection} http://evil.localhost/api`,
      `to ${connection} ${world.deployment.am}`,
      `to ${connection}`,
      'to ',
    ])
      expect([name, (await browser.post('/entries', { ...fields, attempt, [name]: 'yes', text: 'x' })).status]).toEqual(
        [name, 404],
      );
    for (const id of ['', 'short', `${attempt}"`])
      expect((await browser.post('/entries', { ...fields, attempt: id, text: 'x' })).status).toBe(404);
    expect(sent()).toBe(0);
    await browser.post('/entries', { ...fields, attempt, text: 'mine' });
    expect((await browser.get(`/posted?attempt=${attempt}`)).words).toContain('Notes kim posted');
    expect((await other.get(`/posted?attempt=${attempt}`)).status).toBe(404);
    const [row] = await world.sql(
      `select count(*) as rows, string_agg(encode(sealed, 'escape'), '') as sealed from lifestream.post_attempt`,
    );
    expect(String(row?.['sealed'])).not.toContain('mine');
    expect(Number(row?.['rows'])).toBeGreaterThan(0);
  });
});

test('what is kept here has a limit for each account, also by many posts at once; removing makes room', async () => {
  const kim = await signUp(await world.start({ POSTS_PER_ACCOUNT: '2' }));
  const form = hiddenFields((await kim.get('/posts')).text, '/posts');
  const answers = await Promise.all(['a', 'b', 'c', 'd'].map((text) => kim.post('/posts', { ...form, text })));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 303, 409, 409]);
  const refused = await kim.submit('/posts', '/posts', { text: 'one too many' });
  expect(refused.words).toContain('you have 2 posts here, and one account may not keep more. Remove one to make room.');
  expect(refused.text).toContain('>one too many</textarea>');
  const post = /name="post" value="([^"]+)"/.exec(refused.text)?.[1] ?? '';
  expect((await kim.submit('/posts', '/posts/remove', { post })).status).toBe(303);
  expect((await kim.submit('/posts', '/posts', { text: 'again room' })).status).toBe(303);
});
