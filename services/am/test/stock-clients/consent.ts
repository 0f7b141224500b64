import { expect, it } from '@jest/globals';
import { fieldsWithoutButton } from '../support/requester.ts';
import { allScopes } from '../support/stock-client.ts';
import { back, connectionsOf, outcome, type SceneOf } from './scene.ts';

/** What the owner sees, and what their answer leads to. */
export function consent(sceneOf: SceneOf): void {
  it('is shown with what it asks for, ticked, and never with what it did not ask for or may not have', async () => {
    const { deployment, owner, resource, client } = sceneOf();
    const app = await client();
    deployment.host.ceiling = ['photos.read', 'albums.read'];
    const narrow = await deployment.owner();
    await deployment.link(narrow);
    const page = await narrow.browser.get(
      (await app.ask(narrow.browser, resource, { scope: 'photos.read photos.write' })).path,
    );
    expect(Object.keys(allScopes(page.text)).map((name) => name.split(':').at(-1))).toEqual(['photos.read']);
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
    expect(Object.keys(allScopes(open.text))).toHaveLength(5);
    expect(open.text).not.toMatch(/type="checkbox"[^>]* checked/);
  });

  it.each<[string, string]>([
    ['what may be shared', `update link set transfer_scope = array['photos.read'] where id = $1`],
    ['what the account is called', `update link set label = 'another one' where id = $1`],
    ['whether the link works', `update link set state = 'broken' where id = $1`],
    [
      'the terms that the owner asks for',
      `update owner set terms = '{no-training/1.0}' where id = (select owner_id from link where id = $1)`,
    ],
  ])(
    'counts for what was shown: %s, changed meanwhile, is shown again, and nothing is granted',
    async (_what, change) => {
      const scene = sceneOf();
      const { deployment, resource } = scene;
      const owner = await deployment.owner();
      const link = await deployment.link(owner);
      const app = await scene.client();
      const asked = await app.ask(owner.browser, resource, { scope: 'photos.read photos.write' });
      const { text } = await owner.browser.get(asked.path);
      await deployment.rows(change, [link]);
      const fields = {
        ...fieldsWithoutButton(text),
        ...allScopes(text),
        duration: 'open',
        bearer: 'allow',
        decision: 'allow',
      };
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
    const hidden = fieldsWithoutButton((await owner.browser.get(asked.path)).text);
    const none = await owner.browser.post('/authorize', { ...hidden, decision: 'allow' });
    expect([none.status, none.words]).toEqual([400, expect.stringContaining('Choose at least one')]);
    const more = { [`scope:${linkId}:albums.write`]: 'allow', 'scope:link_other:photos.read': 'allow' };
    expect((await owner.browser.post('/authorize', { ...hidden, ...more, decision: 'allow' })).status).toBe(400);
    const some = { [`scope:${linkId}:photos.write`]: 'allow', duration: 'today', ...more };
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
    const hidden = fieldsWithoutButton((await owner.browser.get(asked.path)).text);
    const answer = await owner.browser.post('/authorize', { ...hidden, decision: 'deny' });
    expect(back(answer)).toEqual({
      error: 'access_denied',
      error_description: 'The owner said no.',
      state: 'a-state',
      iss: scene.deployment.issuer,
    });
    expect(await connectionsOf(scene, app)).toEqual([]);
  });

  it('is not offered what the Host gives only to apps that sign, and is told so where that is all', async () => {
    const scene = sceneOf();
    const { deployment, owner, resource } = scene;
    const app = await scene.client();
    const members = { chatelaine_requester_statement_scopes: ['photos.write'] };
    await deployment.rows(`update host set metadata = (metadata::jsonb || $1::jsonb) where issuer = $2`, [
      JSON.stringify(members),
      deployment.host.issuer,
    ]);
    try {
      const open = await owner.browser.get((await app.ask(owner.browser, resource)).path);
      expect([open.text.includes(':photos.read"'), open.text.includes(':photos.write"')]).toEqual([true, false]);
      const only = await app.ask(owner.browser, resource, { scope: 'photos.write' });
      const page = await owner.browser.get(only.path);
      expect(page.words).toContain('does not give this to such an app');
      expect(page.words).not.toContain('link Photos anew');
      expect(
        (await owner.browser.post('/authorize', { ...fieldsWithoutButton(page.text), decision: 'allow' })).status,
      ).toBe(400);
    } finally {
      await deployment.rows(
        `update host set metadata = metadata::jsonb - 'chatelaine_requester_statement_scopes' where issuer = $1`,
        [deployment.host.issuer],
      );
    }
  });

  it('with two accounts at one Host is for the one that was chosen', async () => {
    const scene = sceneOf();
    const { deployment, resource } = scene;
    const owner = await deployment.owner();
    const links = [await deployment.link(owner), await deployment.link(owner)];
    const app = await scene.client();
    const asked = await app.ask(owner.browser, resource, { scope: 'photos.read' });
    const page = await owner.browser.get(asked.path);
    const fields = { ...fieldsWithoutButton(page.text), ...allScopes(page.text), decision: 'allow', bearer: 'allow' };
    expect((await owner.browser.post('/authorize', fields)).status).toBe(400);
    const answer = await owner.browser.post('/authorize', { ...fields, account: links[1] ?? '' });
    expect((await app.redeem(back(answer)['code'] ?? '', asked.verifier)).status).toBe(200);
    const used = await deployment.rows('select link_id from transfer where client_id = $1', [app.id]);
    expect(used).toEqual([{ link_id: links[1] }]);
  });

  it('with scopes unknown to the Host, not shared, or a broken link, is told so; the app hears nothing', async () => {
    const scene = sceneOf();
    const { deployment, owner, resource } = scene;
    const app = await scene.client();
    const unknown = await app.ask(owner.browser, resource, { scope: 'openid nonsense' });
    const page = await owner.browser.get(unknown.path);
    expect([page.status, page.words]).toEqual([
      200,
      expect.stringContaining('openid, nonsense, which Photos does not know'),
    ]);
    const hidden = fieldsWithoutButton(page.text);
    expect((await owner.browser.post('/authorize', { ...hidden, decision: 'allow' })).status).toBe(400);
    const { state: _state, ...left } = back(await owner.browser.post('/authorize', { ...hidden, decision: 'deny' }));
    // the same answer as from an owner without an account there: an invented scope does not tell an app who has one
    const stranger = await deployment.owner();
    const elsewhere = await app.ask(stranger.browser, resource, { scope: 'openid nonsense' });
    const other = fieldsWithoutButton((await stranger.browser.get(elsewhere.path)).text);
    const { state: _other, ...alike } = back(await stranger.browser.post('/authorize', { ...other, decision: 'deny' }));
    expect(left).toMatchObject({ error: 'access_denied' });
    expect(left).toEqual(alike);
    deployment.host.ceiling = ['photos.read'];
    const narrow = await deployment.owner();
    await deployment.link(narrow);
    const beyond = await app.ask(narrow.browser, resource, { scope: 'albums.read' });
    expect((await narrow.browser.get(beyond.path)).words).toContain('You share less of Photos than it asks for');
    await deployment.rows(`update link set state = 'broken' where owner_id = $1`, [narrow.id]);
    expect((await narrow.browser.get(beyond.path)).words).toContain('Your link to Photos is broken');
    expect(outcome(await app.redeem('cha_ac_x', beyond.verifier)).status).toBe(400);
  });
}
