import { expect, it } from '@jest/globals';
import { fieldsWithoutButton } from '../support/requester.ts';
import { back, connectionsOf, outcome, refreshTokenOf, type SceneOf } from './scene.ts';

/** Which Host the client asks for, in whatever form it names it, and whether or not the Host is linked. */
export function targets(sceneOf: SceneOf): void {
  it('looks the same before sign-in whether there is such a Host or not, and where it is not linked', async () => {
    const { deployment, resource, client } = sceneOf();
    const app = await client();
    const stranger = await deployment.owner();
    const pages: string[] = [];
    for (const each of [resource, 'https://nobody.example/api']) {
      const { browser } = await deployment.owner();
      const asked = await app.ask(browser, each);
      await browser.submit('/', '/sign-out');
      const signedOut = await browser.get(asked.path);
      expect(signedOut.status).toBe(303);
      expect(signedOut.onward).toContain('/sign-in?');
      const page = (await stranger.browser.get((await app.ask(stranger.browser, each)).path)).words;
      pages.push(page.replaceAll(each, 'R').replaceAll(new URL(each).origin, 'O').replaceAll(new URL(each).host, 'H'));
    }
    expect(pages[0]).toContain('You have not added that service here yet');
    expect(pages[1]).toBe(pages[0]);
    expect(deployment.host.hops).toHaveLength(0);
  });

  it('leads to the form that adds the Host, and back to the same question', async () => {
    const scene = sceneOf();
    const { deployment, resource } = scene;
    const app = await scene.client();
    const owner = await deployment.owner();
    const asked = await app.ask(owner.browser, resource);
    const page = await owner.browser.get(asked.path);
    expect(page.words).toMatch(/waits for (9|10) more minutes/);
    const way = /href="(\/hosts\/add\?[^"]+)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const form = fieldsWithoutButton((await owner.browser.get(way)).text);
    expect(form['back']).toBe(asked.path);
    await owner.browser.submit('/hosts/add', '/hosts/add', { host: deployment.host.issuer, back: form['back'] ?? '' });
    const pushed = deployment.host.pushed.at(-1)?.form;
    const query = new URLSearchParams({ code: 'c', state: pushed?.get('state') ?? '', iss: deployment.host.issuer });
    const linked = await owner.browser.get(
      `${new URL(pushed?.get('redirect_uri') ?? 'x:').pathname}?${query.toString()}`,
    );
    expect(linked.onward).toBe(asked.path);
    // the app may have opened these pages in a window of its own, and be waiting for it
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

  it('for the Host’s origin, or its resource with a final slash, is for the resource, everywhere', async () => {
    const scene = sceneOf();
    const { deployment, owner, resource } = scene;
    const app = await scene.client();
    const origin = deployment.host.issuer;
    for (const spelled of [resource, `${resource}/`, origin, `${origin}/`]) {
      const asked = await app.ask(owner.browser, spelled, { scope: 'photos.read' });
      const code = await app.agree(owner.browser, asked, { bearer: 'allow' });
      const first = await app.redeem(code, asked.verifier, { resource: spelled });
      expect([spelled, first.status]).toEqual([spelled, 200]);
      expect((await connectionsOf(scene, app))[0]).toMatchObject({ resource });
      expect(deployment.host.hops.at(-1)?.form.get('resource')).toBe(resource);
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

  it('for something a linked Host does not name leads to what it names, without a second link', async () => {
    const scene = sceneOf();
    const { deployment } = scene;
    const owner = await deployment.owner();
    await deployment.link(owner);
    const app = await scene.client();
    const asked = await app.ask(owner.browser, `${deployment.host.issuer}/mcp`);
    const page = await owner.browser.get(asked.path);
    expect(page.words).toContain('has no such address for apps');
    expect(page.words).toContain(deployment.host.resource);
    const way = /href="(\/hosts\/add\?[^"]+)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const form = fieldsWithoutButton((await owner.browser.get(way)).text);
    const fields = { host: deployment.host.issuer, back: form['back'] ?? '' };
    for (const _time of [1, 2]) {
      const added = await owner.browser.submit('/hosts/add', '/hosts/add', fields);
      expect([added.status, added.headers.location]).toEqual([303, asked.path]);
    }
    expect(await deployment.rows('select 1 from link where owner_id = $1', [owner.id])).toHaveLength(1);
  });
}
