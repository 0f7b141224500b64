import { expect, it } from '@jest/globals';
import { hiddenFields } from '@chatelaine/test-kit';
import { ticks } from '../support/stock-client.ts';
import { connectionsOf, outcome, refreshTokenOf, type SceneOf } from './scene.ts';

/** What the owner sees, and what their answer makes. */
export function consent(sceneOf: SceneOf): void {
  const back = (answer: { onward: string | undefined }) =>
    Object.fromEntries(new URL(answer.onward ?? 'x:').searchParams);

  it('is shown with what it asks for, ticked, and never with what it did not ask for or may not be shared', async () => {
    const { house, owner, resource, client } = sceneOf();
    const app = await client();
    house.host.ceiling = ['photos.read', 'albums.read'];
    const narrow = await house.owner();
    await house.link(narrow);
    const page = await narrow.browser.get(
      (await app.ask(narrow.browser, resource, { scope: 'photos.read photos.write' })).path,
    );
    expect(Object.keys(ticks(page.text)).map((name) => name.split(':').at(-1))).toEqual(['photos.read']);
    expect(page.text).toMatch(/name="scope:[^"]+photos\.read" value="allow" checked/);
    const text = page.words;
    for (const part of [
      'Stock app',
      'not verified',
      resource,
      'my Photos',
      'as a program on this computer',
      'Add photos',
    ])
      expect(text).toContain(part);
    expect(page.text).not.toMatch(/name="bearer"[^>]* checked/);
    expect(page.headers['content-security-policy']).toContain("form-action 'self';");
    const open = await owner.browser.get((await app.ask(owner.browser, resource)).path);
    expect(Object.keys(ticks(open.text))).toHaveLength(5);
    expect(open.text).not.toContain('checked');
  });

  it.each<[string, string]>([
    ['what may be shared', `update link set transfer_scope = array['photos.read'] where id = $1`],
    ['what the account is called', `update link set label = 'another one' where id = $1`],
    ['whether the link works', `update link set state = 'broken' where id = $1`],
  ])(
    'counts for what was shown: %s, changed meanwhile, is shown again, and nothing is granted',
    async (_what, change) => {
      const scene = sceneOf();
      const { house, resource } = scene;
      const owner = await house.owner();
      const link = await house.link(owner);
      const app = await scene.client();
      const asked = await app.ask(owner.browser, resource, { scope: 'photos.read photos.write' });
      const { text } = await owner.browser.get(asked.path);
      await house.rows(change, [link]);
      const fields = { ...hiddenFields(text), ...ticks(text), duration: 'open', bearer: 'allow', decision: 'allow' };
      const again = await owner.browser.post('/authorize', fields);
      expect([again.status, again.words]).toEqual([
        400,
        expect.stringContaining('Something on this page has changed since it was shown to you'),
      ]);
      expect(await connectionsOf(scene, app)).toEqual([]);
    },
  );

  it('grants exactly what was chosen, and nothing where nothing was', async () => {
    const scene = sceneOf();
    const { owner, resource, linkId } = scene;
    const app = await scene.client();
    const asked = await app.ask(owner.browser, resource, { scope: 'photos.read photos.write' });
    const hidden = hiddenFields((await owner.browser.get(asked.path)).text);
    const none = await owner.browser.post('/authorize', { ...hidden, decision: 'allow' });
    expect([none.status, none.words]).toEqual([400, expect.stringContaining('Choose at least one')]);
    const more = { [`scope:${linkId}:albums.write`]: 'allow', 'scope:link_other:photos.read': 'allow' };
    expect((await owner.browser.post('/authorize', { ...hidden, ...more, decision: 'allow' })).status).toBe(400);
    const some = { [`scope:${linkId}:photos.write`]: 'allow', duration: 'day', ...more };
    const granted = await owner.browser.post('/authorize', { ...hidden, ...some, decision: 'allow' });
    expect(granted.status).toBe(200);
    expect(await connectionsOf(scene, app)).toMatchObject([
      { resource, scopes: ['photos.write'], bearer: false, jkt: null },
    ]);
  });

  it('says no, and nothing is left', async () => {
    const scene = sceneOf();
    const { owner, resource } = scene;
    const app = await scene.client();
    const asked = await app.ask(owner.browser, resource);
    const hidden = hiddenFields((await owner.browser.get(asked.path)).text);
    const answer = await owner.browser.post('/authorize', { ...hidden, decision: 'deny' });
    expect(back(answer)).toEqual({
      error: 'access_denied',
      error_description: 'The owner said no.',
      state: 'a-state',
      iss: scene.house.issuer,
    });
    expect(await connectionsOf(scene, app)).toEqual([]);
  });

  it('looks the same before sign-in whether there is such a Host or not; and where it is not linked, whether anybody knows it', async () => {
    const { house, resource, client } = sceneOf();
    const app = await client();
    const stranger = await house.owner();
    const pages: string[] = [];
    for (const each of [resource, 'https://nobody.example/api']) {
      const { browser } = await house.owner();
      const asked = await app.ask(browser, each);
      await browser.submit('/', '/sign-out');
      const signedOut = await browser.get(asked.path);
      expect(signedOut.status).toBe(303);
      expect(signedOut.onward).toContain('/sign-in?');
      const page = (await stranger.browser.get((await app.ask(stranger.browser, each)).path)).words;
      pages.push(page.replaceAll(each, 'R').replaceAll(new URL(each).origin, 'O').replaceAll(new URL(each).host, 'H'));
    }
    expect(pages[0]).toContain('You have not added that Host here yet');
    expect(pages[1]).toBe(pages[0]);
    expect(house.host.hops).toHaveLength(0);
  });

  it('leads to the form that adds the Host, and back to the same question', async () => {
    const scene = sceneOf();
    const { house, resource } = scene;
    const app = await scene.client();
    const owner = await house.owner();
    const asked = await app.ask(owner.browser, resource);
    const page = await owner.browser.get(asked.path);
    expect(page.words).toMatch(/waits for (9|10) more minutes/);
    const way = /href="(\/hosts\/add\?[^"]+)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const form = hiddenFields((await owner.browser.get(way)).text);
    expect(form['back']).toBe(asked.path);
    await owner.browser.submit('/hosts/add', '/hosts/add', { host: house.host.issuer, back: form['back'] ?? '' });
    const pushed = house.host.pushed.at(-1)?.form;
    const query = new URLSearchParams({ code: 'c', state: pushed?.get('state') ?? '', iss: house.host.issuer });
    const linked = await owner.browser.get(
      `${new URL(pushed?.get('redirect_uri') ?? 'x:').pathname}?${query.toString()}`,
    );
    expect(linked.onward).toBe(asked.path);
    // the app may have opened all of this in a window of its own, and wait for it
    for (const answer of [page, await owner.browser.get(way), linked])
      expect(answer.headers['cross-origin-opener-policy']).toBeUndefined();
    expect((await owner.browser.get('/hosts/add')).headers['cross-origin-opener-policy']).toBe('same-origin');
    const code = await app.agree(owner.browser, asked, { bearer: 'allow' });
    expect((await app.redeem(code, asked.verifier)).status).toBe(200);
    for (const bad of ['https://evil.example/', '//evil.example', '/hosts', '/authorize?a=b\\c', '/authorize?x=\n'])
      expect(
        (await owner.browser.get(`/hosts/add?${new URLSearchParams({ back: bad }).toString()}`)).text,
      ).not.toContain('name="back"');
  });

  it('for the origin of the Host, or its resource with a slash at the end, is for the resource; the token endpoint takes the same spelling', async () => {
    const scene = sceneOf();
    const { house, owner, resource } = scene;
    const app = await scene.client();
    const origin = house.host.issuer;
    for (const spelled of [resource, `${resource}/`, origin, `${origin}/`]) {
      const asked = await app.ask(owner.browser, spelled, { scope: 'photos.read' });
      const code = await app.agree(owner.browser, asked, { bearer: 'allow' });
      const first = await app.redeem(code, asked.verifier, { resource: spelled });
      expect([spelled, first.status]).toEqual([spelled, 200]);
      expect((await connectionsOf(scene, app))[0]).toMatchObject({ resource });
      expect(house.host.hops.at(-1)?.form.get('resource')).toBe(resource);
      const again = await app.refresh(refreshTokenOf(first), { resource: spelled });
      expect(again.status).toBe(200);
      const token = refreshTokenOf(again);
      const other = await app.refresh(token, { resource: 'https://other.example/api' });
      expect(outcome(other)).toMatchObject({ status: 400, error: 'invalid_target' });
      expect((await app.refresh(token, {})).status).toBe(200);
    }
  });

  it('without a resource is told to name one (RFC 8707 §2), unless it asks for a connection', async () => {
    const { owner, client } = sceneOf();
    const app = await client();
    for (const scope of ['photos.read', 'openid profile']) {
      const { query } = app.request('', { resource: undefined, scope });
      const answer = await owner.browser.get(`/authorize?${query}`);
      expect(back(answer)).toMatchObject({ error: 'invalid_target', state: 'a-state' });
    }
  });

  it('for something that a linked Host does not name leads to what it names, and adding it again leads back without a second link', async () => {
    const scene = sceneOf();
    const { house } = scene;
    const owner = await house.owner();
    await house.link(owner);
    const app = await scene.client();
    const asked = await app.ask(owner.browser, `${house.host.issuer}/mcp`);
    const page = await owner.browser.get(asked.path);
    expect(page.words).toContain('has no such address for apps');
    expect(page.words).toContain(house.host.resource);
    const way = /href="(\/hosts\/add\?[^"]+)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const form = hiddenFields((await owner.browser.get(way)).text);
    const fields = { host: house.host.issuer, back: form['back'] ?? '' };
    for (const _time of [1, 2]) {
      const added = await owner.browser.submit('/hosts/add', '/hosts/add', fields);
      expect([added.status, added.headers.location]).toEqual([303, asked.path]);
    }
    expect(await house.rows('select 1 from link where owner_id = $1', [owner.id])).toHaveLength(1);
  });

  it('is not offered what the Host gives only to apps that sign for themselves, and is told so where it asks for nothing else', async () => {
    const scene = sceneOf();
    const { house, owner, resource } = scene;
    const app = await scene.client();
    const members = { chatelaine_requester_statement_scopes: ['photos.write'] };
    await house.rows(`update host set metadata = (metadata::jsonb || $1::jsonb) where issuer = $2`, [
      JSON.stringify(members),
      house.host.issuer,
    ]);
    try {
      const open = await owner.browser.get((await app.ask(owner.browser, resource)).path);
      expect([open.text.includes(':photos.read"'), open.text.includes(':photos.write"')]).toEqual([true, false]);
      const only = await app.ask(owner.browser, resource, { scope: 'photos.write' });
      const page = await owner.browser.get(only.path);
      expect(page.words).toContain('does not give this to such an app');
      expect(page.words).not.toContain('link Photos anew');
      expect((await owner.browser.post('/authorize', { ...hiddenFields(page.text), decision: 'allow' })).status).toBe(
        400,
      );
    } finally {
      await house.rows(
        `update host set metadata = metadata::jsonb - 'chatelaine_requester_statement_scopes' where issuer = $1`,
        [house.host.issuer],
      );
    }
  });

  it('with two accounts at one Host is for the one that was chosen', async () => {
    const scene = sceneOf();
    const { house, resource } = scene;
    const owner = await house.owner();
    const links = [await house.link(owner), await house.link(owner)];
    const app = await scene.client();
    const asked = await app.ask(owner.browser, resource, { scope: 'photos.read' });
    const page = await owner.browser.get(asked.path);
    const fields = { ...hiddenFields(page.text), ...ticks(page.text), decision: 'allow', bearer: 'allow' };
    expect((await owner.browser.post('/authorize', fields)).status).toBe(400);
    const answer = await owner.browser.post('/authorize', { ...fields, account: links[1] ?? '' });
    expect((await app.redeem(back(answer)['code'] ?? '', asked.verifier)).status).toBe(200);
    const used = await house.rows('select link_id from transfer where client_id = $1', [app.id]);
    expect(used).toEqual([{ link_id: links[1] }]);
  });

  it('with scopes the Host does not know, less than it shares, or a broken link, is told so; the app hears nothing until the owner goes', async () => {
    const scene = sceneOf();
    const { house, owner, resource } = scene;
    const app = await scene.client();
    const unknown = await app.ask(owner.browser, resource, { scope: 'openid nonsense' });
    const page = await owner.browser.get(unknown.path);
    expect([page.status, page.words]).toEqual([
      200,
      expect.stringContaining('openid, nonsense, which Photos does not know'),
    ]);
    const hidden = hiddenFields(page.text);
    expect((await owner.browser.post('/authorize', { ...hidden, decision: 'allow' })).status).toBe(400);
    const { state: _state, ...left } = back(await owner.browser.post('/authorize', { ...hidden, decision: 'deny' }));
    // as of a Host that they have not: by a scope of its own making no app finds out where they have accounts
    const stranger = await house.owner();
    const elsewhere = await app.ask(stranger.browser, resource, { scope: 'openid nonsense' });
    const other = hiddenFields((await stranger.browser.get(elsewhere.path)).text);
    const { state: _other, ...alike } = back(await stranger.browser.post('/authorize', { ...other, decision: 'deny' }));
    expect(left).toMatchObject({ error: 'access_denied' });
    expect(left).toEqual(alike);
    house.host.ceiling = ['photos.read'];
    const narrow = await house.owner();
    await house.link(narrow);
    const beyond = await app.ask(narrow.browser, resource, { scope: 'albums.read' });
    expect((await narrow.browser.get(beyond.path)).words).toContain('You share less of Photos than it asks for');
    await house.rows(`update link set state = 'broken' where owner_id = $1`, [narrow.id]);
    expect((await narrow.browser.get(beyond.path)).words).toContain('Your link to Photos is broken');
    expect(outcome(await app.redeem('cha_ac_x', beyond.verifier)).status).toBe(400);
  });
}
