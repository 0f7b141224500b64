import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { hiddenFields, send } from '@chatelaine/test-kit';
import { House, type Owner } from './support/house.ts';
import { agree, type Requester } from './support/requester.ts';

let house: House;
let owner: Owner;
let linkId: string;
let requester: Requester;

const rowsOf = async ({ clientId }: Requester) => ({
  connections: await house.rows(
    'select c.*, g.expires_at as grant_expires_at, g.id as grant_id from connection c left join oauth_grant g on g.id = c.id where c.client_id = $1',
    [clientId],
  ),
  shown: await house.rows(
    'select ch.link_id, ch.scopes from connection_host ch join connection c on c.id = ch.connection_id where c.client_id = $1',
    [clientId],
  ),
  rules: await house.rows(
    'select r.scope, r.effect, r.link_id, r.expires_at from rule r join connection c on c.id = r.connection_id where c.client_id = $1',
    [clientId],
  ),
});
const NOTHING = { connections: [], shown: [], rules: [] };
const timeline = () =>
  house.rows(`select data from timeline_entry where owner_id = $1 and kind = 'connection_made'`, [owner.id]);

beforeAll(async () => {
  house = await House.build();
  owner = await house.owner();
  linkId = await house.link(owner);
});
beforeEach(() => {
  house.host.reset();
  requester = house.requester();
});
afterAll(() => house.close());

describe('consent', () => {
  it('makes a connection of exactly what was chosen', async () => {
    const before = (await timeline()).length;
    await house.connect({ owner, requester, linkId, answers: { 'photos.read': 'allow', 'albums.read': 'ask' } });
    const { connections, shown, rules } = await rowsOf(requester);
    expect(connections).toEqual([
      expect.objectContaining({ owner_id: owner.id, client_name: 'Reader', expires_at: null, grant_expires_at: null }),
    ]);
    expect(shown).toEqual([{ link_id: linkId, scopes: ['photos.read', 'albums.read'] }]);
    expect(rules).toEqual([
      { scope: 'photos.read', effect: 'allow', link_id: linkId, expires_at: null },
      { scope: 'albums.read', effect: 'ask', link_id: linkId, expires_at: null },
    ]);
    expect(await timeline()).toHaveLength(before + 1);
  });

  it('shows who asks, where it runs, every account with every scope, and nothing chosen beforehand', async () => {
    const { path } = await requester.push();
    const page = await owner.browser.get(path);
    const text = page.words;
    for (const part of ['Reader', new URL(requester.redirectUri).host, 'my Photos', 'See your photos', 'faces.read']) {
      expect(text).toContain(part);
    }
    const chosen = [...page.text.matchAll(/<input type="radio"[^>]*checked[^>]*>/g)].map(
      ([input]) => /value="(\w*)"/.exec(input)?.[1] ?? '',
    );
    expect(new Set(chosen)).toEqual(new Set(['no', '']));
    expect(page.headers['content-security-policy']).toContain("form-action 'self';");
  });

  it('is refused without leaving a row, and the Requester is told', async () => {
    const { path } = await requester.push();
    const answer = await agree(owner.browser, path, { decision: 'deny', [`answer:${linkId}:photos.read`]: 'allow' });
    expect(answer.status).toBe(200);
    const back = new URL(answer.onward ?? '');
    expect(Object.fromEntries(back.searchParams)).toMatchObject({
      error: 'access_denied',
      iss: house.issuer,
      state: 'a-state',
    });
    expect(back.searchParams.get('code')).toBeNull();
    expect(await rowsOf(requester)).toEqual(NOTHING);
  });

  it.each<[string, () => Promise<Record<string, string>>]>([
    ['nothing chosen', async () => ({})],
    [
      'two accounts at one Host',
      async () => ({
        [`answer:${linkId}:photos.read`]: 'allow',
        [`answer:${await house.link(owner)}:photos.read`]: 'ask',
      }),
    ],
    [
      'an account of another owner',
      async () => ({ [`answer:${await house.link(await house.owner())}:photos.read`]: 'allow' }),
    ],
    ['an account that is none', async () => ({ 'answer:link_x:photos.read': 'allow' })],
    ['a scope the Host does not let the AM hand on', async () => ({ [`answer:${linkId}:everything`]: 'allow' })],
    ['an answer that is none', async () => ({ [`answer:${linkId}:photos.read`]: 'deny' })],
    ['a time that is none', async () => ({ [`answer:${linkId}:photos.read`]: 'allow', duration: 'century' })],
    ['no decision', async () => ({ [`answer:${linkId}:photos.read`]: 'allow', decision: '' })],
  ])('with %s shows the page again and leaves no row', async (_what, fields) => {
    const { path } = await requester.push();
    const answer = await agree(owner.browser, path, await fields());
    expect(answer.status).toBe(400);
    expect(answer.onward).toBeUndefined();
    expect(hiddenFields(answer.text)).toHaveProperty('request_uri');
    expect(await rowsOf(requester)).toEqual(NOTHING);
  });

  it.each([
    ['one app', 200, () => requester.clientId, 'You have connected this app 200 times.'],
    ['all apps', 5_000, () => `https://another.example/${requester.clientId.length}`, 'You have 5000 connections.'],
  ])('has room for so many connections of %s with one owner, and no row beyond', async (_what, most, client, says) => {
    const person = await house.owner();
    const link = await house.link(person);
    await house.rows(
      `insert into connection (id, owner_id, client_id, client_name) select $1 || n, $2, $3, 'Reader' from generate_series(1, $4::int) n`,
      [`con_${person.id}`, person.id, client(), most],
    );
    const { path } = await requester.push();
    const fields = { [`answer:${link}:photos.read`]: 'allow' };
    const refused = await agree(person.browser, path, fields);
    expect([refused.status, refused.onward]).toEqual([400, undefined]);
    expect(refused.words).toContain(says);
    await house.rows('update connection set ended_at = now() where id = $1', [`con_${person.id}1`]);
    const agreed = await agree(person.browser, path, fields);
    expect(new URL(agreed.onward ?? 'x:').searchParams.get('code')).not.toBeNull();
  });

  it('leaves out, beside what is offered, whatever is not: another owner’s account, scopes beyond the ceiling', async () => {
    const theirs = await house.link(await house.owner());
    await house.connect({
      owner,
      requester,
      linkId,
      answers: { 'photos.read': 'allow', everything: 'allow' },
      fields: { [`answer:${theirs}:photos.write`]: 'allow' },
    });
    const { shown, rules } = await rowsOf(requester);
    expect(shown).toEqual([{ link_id: linkId, scopes: ['photos.read'] }]);
    expect(rules).toEqual([{ scope: 'photos.read', effect: 'allow', link_id: linkId, expires_at: null }]);
  });

  describe('counts for what was shown', () => {
    const CHANGED = 'Something on this page has changed since it was shown to you';

    it.each<[string, (link: string) => Promise<unknown>, string]>([
      ['the name of the Requester', () => rename(requester, 'Your Bank'), 'Connect Your Bank?'],
      ['what an account can share', (link) => setCeiling(link, ['photos.read', 'photos.write']), 'Add photos'],
      ['the name of an account', (link) => setLabel(link, 'another one'), 'Photos: another one'],
      ['another account', () => house.link(owner), 'You have'],
    ])('%s: changed meanwhile it is shown again, as it is now, and then agreed to', async (_what, change, says) => {
      const link = await house.link(owner);
      await setCeiling(link, ['photos.read']);
      const { path } = await requester.push();
      const page = await owner.browser.get(path);
      await change(link);
      const chosen = {
        [`all:${link}`]: 'allow',
        [`answer:${link}:photos.read`]: '',
        duration: 'open',
        decision: 'allow',
      };
      // the other process has read nothing of this Requester yet
      const other = owner.browser.at(house.ams[1].port);
      const again = await other.post('/authorize', { ...hiddenFields(page.text, '/authorize'), ...chosen });
      expect(again.status).toBe(400);
      for (const part of [CHANGED, says]) expect(again.words).toContain(part);
      expect(await rowsOf(requester)).toEqual(NOTHING);
      const agreed = await other.post('/authorize', { ...hiddenFields(again.text, '/authorize'), ...chosen });
      expect(agreed.onward).toContain('code=');
      expect(await rowsOf(requester)).toMatchObject({ shown: [{ link_id: link }] });
    });

    const setCeiling = (link: string, scopes: readonly string[]) =>
      house.rows('update link set transfer_scope = $2 where id = $1', [link, scopes]);
    const setLabel = (link: string, label: string) =>
      house.rows('update link set label = $2 where id = $1', [link, label]);
    async function rename({ clientId }: Requester, name: string): Promise<void> {
      const { port, pathname } = new URL(clientId);
      const { json } = await send(Number(port), { path: pathname });
      house.documents.publish(pathname, { ...json, client_name: name });
      await house.rows('update oauth_document set fresh_until = now() where url = $1', [clientId]);
    }
  });

  it('is waited for by ten thousand requests of one client at most: one more is 429, and another client hears nothing of it', async () => {
    const busy = house.requester();
    await house.rows(
      `insert into oauth_request (hash, client_id, redirect_uri, scope, code_challenge, expires_at)
       select sha256(n::text::bytea), $1, 'x', array['transfer'], 'x', now() + interval '1 hour' from generate_series(1, 10000) n`,
      [busy.clientId],
    );
    const pushed = await busy.post('/par', await busy.request('v'.repeat(43)));
    expect([pushed.status, pushed.json['error']]).toEqual([429, 'temporarily_unavailable']);
    expect(Number(pushed.headers['retry-after'])).toBeGreaterThan(0);
    expect((await requester.push()).path).toContain('/authorize?');
    await house.rows('delete from oauth_request where client_id = $1', [busy.clientId]);
  });

  it('never offers an account that is stopped or broken', async () => {
    const stopped = await house.link(owner);
    await owner.browser.submit('/hosts', `/hosts/${stopped}/stop`);
    const broken = await house.link(owner);
    await house.rows(`update link set state = 'broken' where id = $1`, [broken]);
    const { path } = await requester.push();
    const page = await owner.browser.get(path);
    expect(page.text).toContain(linkId);
    expect(page.text).not.toContain(stopped);
    expect(page.text).not.toContain(broken);
  });

  it.each([
    ['day', 86_400],
    ['month', 30 * 86_400],
    ['year', 365 * 86_400],
  ])('for a %s ends the connection, its grant and its rules together', async (duration, seconds) => {
    await house.connect({ owner, requester, linkId, answers: { 'photos.read': 'allow' }, fields: { duration } });
    const { connections, rules } = await rowsOf(requester);
    const ends = [
      ...connections.flatMap((row) => [row['expires_at'], row['grant_expires_at']]),
      ...rules.map((row) => row['expires_at']),
    ];
    expect(ends).toHaveLength(3);
    for (const end of ends) {
      const left = ((end as Date).getTime() - Date.now()) / 1000;
      expect(Math.abs(left - seconds)).toBeLessThan(60);
    }
  });

  it('sent twice at once makes one connection, and the timeline tells of one', async () => {
    const before = (await timeline()).length;
    const { path } = await requester.push();
    const page = await owner.browser.get(path);
    const form = {
      ...hiddenFields(page.text),
      [`answer:${linkId}:photos.read`]: 'allow',
      duration: 'open',
      decision: 'allow',
    };
    const other = owner.browser.at(house.ams[1].port);
    const answers = await Promise.all([
      owner.browser.post('/authorize', form),
      other.post('/authorize', form),
      owner.browser.post('/authorize', form),
      other.post('/authorize', form),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(new Set(answers.map(({ onward }) => onward)).size).toBe(1);
    expect(answers[0]?.onward).toContain('code=');
    expect((await rowsOf(requester)).connections.filter(({ grant_id: grantId }) => grantId !== null)).toHaveLength(1);
    expect(await timeline()).toHaveLength(before + 1);
    expect(
      (await owner.browser.get('/requesters')).text.match(new RegExp(new URL(requester.clientId).host, 'g'))?.length,
    ).toBeGreaterThan(0);
  });

  it('needs the form token and our own page', async () => {
    const { path } = await requester.push();
    const { csrf: _without, ...form } = hiddenFields((await owner.browser.get(path)).text);
    const fields = { ...form, [`answer:${linkId}:photos.read`]: 'allow', duration: 'open', decision: 'allow' };
    expect((await owner.browser.post('/authorize', fields)).status).toBe(403);
    const stranger = await house.owner();
    const theirs = hiddenFields((await stranger.browser.get((await requester.push()).path)).text);
    expect((await owner.browser.post('/authorize', { ...fields, csrf: theirs['csrf'] ?? '' })).status).toBe(403);
    expect(
      (
        await owner.browser.post(
          '/authorize',
          { ...fields, ...hiddenFields((await owner.browser.get(path)).text) },
          { 'sec-fetch-site': 'cross-site' },
        )
      ).status,
    ).toBe(403);
    expect(await rowsOf(requester)).toEqual(NOTHING);
  });

  it('is asked of whoever signs in, not of a browser that is not signed in', async () => {
    const { path } = await requester.push();
    const nobody = (await house.owner()).browser;
    await nobody.submit('/', '/sign-out');
    const answer = await nobody.get(path);
    expect(answer.status).toBe(303);
    expect(answer.onward).toBe(`/sign-in?return_to=${encodeURIComponent(path)}`);
  });

  it.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    '</title><svg onload=alert(1)>',
    '{{constructor.constructor("alert(1)")()}}',
    'javascript:alert(1)',
    '&lt;b&gt;',
  ])('shows a name that is an attack as the text it is: %s', async (name) => {
    const evil = house.requester({ name });
    const { path } = await evil.push();
    const page = await owner.browser.get(path);
    expect(page.status).toBe(200);
    expect(page.text).not.toMatch(/<script>alert|<img src=x|<svg onload|href="javascript:/);
    expect(page.words).toContain(`Connect ${name}?`);
    expect(page.words).toContain(`Calls itself ${name} not verified`);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    await agree(owner.browser, path, { [`answer:${linkId}:photos.read`]: 'allow' });
    for (const where of ['/', '/requesters', '/timeline']) {
      expect((await owner.browser.get(where)).text).not.toMatch(
        /<script>alert|<img src=x|<svg onload|href="javascript:/,
      );
    }
  });

  it('says of an owner without Hosts that there is nothing to show, and connects nothing', async () => {
    const poor = await house.owner();
    const { path } = await requester.push();
    expect((await poor.browser.get(path)).words).toContain('Add a Host');
    const answer = await agree(poor.browser, path, { [`answer:${linkId}:photos.read`]: 'allow' });
    expect(answer.status).toBe(400);
    expect(await rowsOf(requester)).toEqual(NOTHING);
  });
});
