import { expect, it } from '@jest/globals';
import { exchange } from '../support/requester.ts';
import { eventually } from '../support/world.ts';
import { connectionsOf, INVALID_GRANT, outcome, refreshTokenOf, type SceneOf } from './scene.ts';

/** PROTOCOL §6: code + PKCE + resource, and the Host’s own token comes back. */
export function flow(sceneOf: SceneOf): void {
  it('gets the Host’s own token for its code, in the form of RFC 6749, and another for its refresh token', async () => {
    const scene = sceneOf();
    const { deployment, owner, resource } = scene;
    const client = await scene.client();
    const first = await client.connect(owner.browser, resource, { request: { scope: 'photos.read albums.read' } });
    expect(first.status).toBe(200);
    const minted = deployment.host.minted.at(-1);
    expect(minted).toMatchObject({ jkt: null, scope: 'photos.read albums.read', clientId: client.id });
    expect(first.json).toEqual({
      access_token: minted?.token,
      token_type: 'Bearer',
      expires_in: 120,
      scope: 'photos.read albums.read',
      refresh_token: expect.any(String),
    });
    expect(first.headers['cache-control']).toBe('no-store');
    const second = await client.refresh(refreshTokenOf(first), { resource });
    expect(second.status).toBe(200);
    expect(second.json['access_token']).toBe(deployment.host.minted.at(-1)?.token);
    expect(second.json['access_token']).not.toBe(first.json['access_token']);
    const statements = deployment.host.hops.map(({ statement }) => statement);
    expect(new Set(statements.map((statement) => statement['grant_id'])).size).toBe(1);
    expect(statements.every((statement) => statement['bearer'] === true && !('cnf' in statement))).toBe(true);
  });

  it('that proves a key, named or at its first token request, gets tokens bound to it; no rotation', async () => {
    const scene = sceneOf();
    const { deployment, owner, resource } = scene;
    for (const named of ['named', 'later']) {
      const client = await scene.client({ dpop: 'yes' });
      const request = named === 'named' ? { dpop_jkt: client.key.kid } : {};
      const first = await client.connect(owner.browser, resource, { request });
      expect(first.json).toMatchObject({ token_type: 'DPoP', expires_in: 300 });
      expect(deployment.host.minted.at(-1)).toMatchObject({ jkt: client.key.kid });
      const again = await client.refresh(refreshTokenOf(first));
      expect(again.json).toEqual({ ...again.json, token_type: 'DPoP', expires_in: 300 });
      expect(again.json).not.toHaveProperty('refresh_token');
      expect(await connectionsOf(scene, client)).toMatchObject([{ jkt: client.key.kid, bearer: false }]);
    }
  });

  it('is a connection like any other: listed, in the timeline, ruled and stopped', async () => {
    const scene = sceneOf();
    const { deployment, resource } = scene;
    const owner = await deployment.owner();
    await deployment.link(owner);
    const client = await scene.client({ metadata: { client_name: 'Plain reader' } });
    const first = await client.connect(owner.browser, resource, { request: { scope: 'photos.read' } });
    const [connection] = await connectionsOf(scene, client);
    const listed = (await owner.browser.get(`/apps/${connection?.id}`)).words;
    // the description of the app, which is the same on every page that asks for a decision about it
    for (const part of [
      'Plain reader',
      'not verified',
      'as a program on this computer',
      'it registered itself',
      resource,
    ])
      expect(listed).toContain(part);
    expect(listed).toContain('See your photos');
    const activity = (await owner.browser.get('/timeline')).words;
    expect(activity).toContain('You let Plain reader have keys for “my Photos” at Photos that fit anybody');
    expect(activity).toContain('Plain reader got a key that fits anybody');
    await owner.browser.submit('/apps', `/apps/${connection?.id}/stop`);
    expect(outcome(await client.refresh(refreshTokenOf(first)))).toEqual(INVALID_GRANT);
    await eventually(async () =>
      deployment.host.revoked.some(({ token }) => token === deployment.host.minted.at(-1)?.grantId),
    );
  });

  it('shows under My services if its tokens need no key, and taking that back ends it, here and there', async () => {
    const scene = sceneOf();
    const { deployment, resource } = scene;
    const owner = await deployment.owner();
    const linkId = await deployment.link(owner);
    const [bearer, keyed] = [await scene.client(), await scene.client({ dpop: 'yes' })];
    const first = await bearer.connect(owner.browser, resource);
    const grantId = deployment.host.minted.at(-1)?.grantId;
    const other = await keyed.connect(owner.browser, resource);
    expect((await owner.browser.get('/hosts')).words).toContain('keys that fit anybody');
    const stranger = await deployment.owner();
    expect((await stranger.browser.submit('/hosts/add', `/hosts/${linkId}/bearer/stop`)).status).toBe(404);
    const kept = await bearer.refresh(refreshTokenOf(first));
    expect(kept.status).toBe(200);
    await owner.browser.submit('/hosts', `/hosts/${linkId}/bearer/stop`);
    expect(outcome(await bearer.refresh(refreshTokenOf(kept)))).toEqual(INVALID_GRANT);
    expect((await keyed.refresh(refreshTokenOf(other))).status).toBe(200);
    expect((await owner.browser.get('/hosts')).words).not.toContain('keys that fit anybody');
    await eventually(async () => deployment.host.revoked.some(({ token }) => token === grantId));
    expect(deployment.host.revoked).toHaveLength(1);
  });

  it('may leave the resource out at the token endpoint, add the slash of an origin, and ask for less', async () => {
    const scene = sceneOf();
    const { owner, resource } = scene;
    const client = await scene.client();
    const asked = await client.ask(owner.browser, resource);
    const code = await client.agree(owner.browser, asked, { bearer: 'allow' });
    const first = await client.redeem(code, asked.verifier, { resource });
    expect(String(first.json['scope']).split(' ')).toHaveLength(5);
    const less = await client.refresh(refreshTokenOf(first), { scope: 'photos.read' });
    expect(less.json).toMatchObject({ scope: 'photos.read' });
    const whole = await client.refresh(refreshTokenOf(less));
    expect(String(whole.json['scope']).split(' ')).toHaveLength(5);
  });

  it('runs in a browser’s page, too: what programs call answers it, and no page does', async () => {
    const { deployment, owner, resource, client, linkId } = sceneOf();
    const origin = 'https://inspector.example';
    const app = await client();
    const ask = await app.ask(owner.browser, resource);
    const code = await app.agree(owner.browser, ask, { bearer: 'allow' });
    const first = await app.redeem(code, ask.verifier, {}, { headers: { origin } });
    expect([first.status, first.headers['access-control-allow-origin']]).toEqual([200, '*']);
    const { port } = deployment.ams[0];
    const tag = (await deployment.rows<{ host_id: string }>('select host_id from link where id = $1', [linkId]))[0]
      ?.host_id;
    const cors = async (method: string, path: string) => {
      const headers = { origin, ...(method === 'OPTIONS' && { 'access-control-request-method': 'GET' }) };
      const answer = await exchange(port, { method, path, headers });
      return [answer.status, answer.headers['access-control-allow-origin']];
    };
    for (const path of ['/targets', '/jwks', `/clients/${tag}`, '/transfers']) {
      expect([path, ...(await cors('OPTIONS', path))]).toEqual([path, 204, '*']);
      expect([path, (await cors('GET', path))[1]]).toEqual([path, '*']);
    }
    for (const path of ['/', '/hosts', '/apps', '/sign-in', '/authorize', '/nothing', '/callback/x'])
      for (const method of ['GET', 'OPTIONS']) expect([path, (await cors(method, path))[1]]).toEqual([path, undefined]);
  });

  it('may push its request, authenticate by a key, and end its connection by revoking its refresh token', async () => {
    const scene = sceneOf();
    const { deployment, owner, resource } = scene;
    const requester = deployment.requester();
    const pushed = await requester.push({ resource, scope: 'photos.read' });
    const page = await owner.browser.get(pushed.path);
    const answer = await owner.browser.post('/authorize', {
      ...Object.fromEntries(
        [...page.text.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, n, v]) => [
          n,
          v?.replaceAll('&amp;', '&'),
        ]),
      ),
      [`scope:${scene.linkId}:photos.read`]: 'allow',
      decision: 'allow',
    });
    const code = new URL(answer.onward ?? '').searchParams.get('code') ?? '';
    const form = {
      ...(await requester.authentication()),
      grant_type: 'authorization_code',
      code,
      code_verifier: pushed.verifier,
    };
    const tokens = await requester.post('/token', form);
    expect(tokens.json).toMatchObject({ token_type: 'DPoP', scope: 'photos.read' });
    const token = String(tokens.json['refresh_token']);
    await requester.post('/revoke', { ...(await requester.authentication()), token });
    const again = { ...(await requester.authentication()), grant_type: 'refresh_token', refresh_token: token };
    expect(outcome(await requester.post('/token', again))).toEqual(INVALID_GRANT);
  });
}
