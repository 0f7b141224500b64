import { expect, it } from '@jest/globals';

import { exchange, fieldsWithoutButton } from '../support/requester.ts';
import { allScopes } from '../support/stock-client.ts';
import { connectionsOf, outcome, refreshTokenOf, type SceneOf } from './scene.ts';

/** What stock clients write into `scope`. RFC 6749 §3.3, PROTOCOL §6. */
export function scopes(sceneOf: SceneOf): void {
  it.each([
    'photos.read offline_access',
    'openid photos.read',
    'profile photos.read email invented:scope',
    ' photos.read',
    'photos.read  offline_access ',
  ])(
    'asks for %j and is offered what the Host knows of it, no more; its answers say what was granted',
    async (scope) => {
      const scene = sceneOf();
      const { owner, resource } = scene;
      const app = await scene.client();
      const asked = await app.ask(owner.browser, resource, { scope });
      const page = await owner.browser.get(asked.path);
      expect(Object.keys(allScopes(page.text)).map((name) => name.split(':').at(-1))).toEqual(['photos.read']);
      const code = await app.agree(owner.browser, asked, { bearer: 'allow' });
      const first = await app.redeem(code, asked.verifier);
      expect(first.json).toMatchObject({ scope: 'photos.read', token_type: 'Bearer' });
      const again = await app.refresh(refreshTokenOf(first), { scope: ' photos.read ' });
      expect(again.json).toMatchObject({ scope: 'photos.read' });
      expect((await app.refresh(refreshTokenOf(again), { scope: '' })).json).toMatchObject({ scope: 'photos.read' });
      expect(await connectionsOf(scene, app)).toMatchObject([{ scopes: ['photos.read'] }]);
    },
  );

  it('without a scope, or with an empty one, is offered all that may be shared, nothing of it ticked', async () => {
    const { owner, resource, client } = sceneOf();
    const app = await client();
    for (const scope of [undefined, '']) {
      const page = await owner.browser.get((await app.ask(owner.browser, resource, { scope })).path);
      expect([Object.keys(allScopes(page.text)).length, /type="checkbox"[^>]* checked/.test(page.text)]).toEqual([
        5,
        false,
      ]);
    }
  });

  it('that asks for nothing the Host knows is not offered everything: access_denied is all it can get', async () => {
    const scene = sceneOf();
    const { owner, resource, linkId } = scene;
    const app = await scene.client();
    const asked = await app.ask(owner.browser, resource, { scope: 'openid email profile' });
    const page = await owner.browser.get(asked.path);
    expect(allScopes(page.text)).toEqual({});
    const forged = { ...fieldsWithoutButton(page.text), [`scope:${linkId}:photos.read`]: 'allow', decision: 'allow' };
    expect((await owner.browser.post('/authorize', forged)).status).toBe(400);
    const answer = await owner.browser.post('/authorize', { ...fieldsWithoutButton(page.text), decision: 'deny' });
    expect(new URL(answer.onward ?? 'x:').searchParams.get('error')).toBe('access_denied');
    expect(await connectionsOf(scene, app)).toEqual([]);
  });

  it('finds no scope in the metadata that it could mistake for one of the Host’s', async () => {
    const { deployment } = sceneOf();
    const path = '/.well-known/oauth-authorization-server';
    const { json } = await exchange(deployment.ams[0].port, { method: 'GET', path });
    expect(json).not.toHaveProperty('scopes_supported');
  });

  it('is alone in that: on the transfer’s own hops a scope that is unknown beside a good one is refused', async () => {
    const { deployment, resource } = sceneOf();
    const story = await deployment.story({ 'photos.read': 'allow' });
    const { requester, connection } = story;
    for (const scope of ['photos.read offline_access', ' photos.read', 'photos.read  '])
      expect(outcome(await requester.transfer({ connection, resource, scope }))).toEqual({
        status: 400,
        error: 'invalid_scope',
      });
  });
}
