import { createVerifier, generateSigningKey, mintToken } from '@chatelaine/crypto';
import { expect, it } from '@jest/globals';
import { exchange } from '../support/requester.ts';
import { eventually } from '../support/world.ts';
import { connectionsOf, INVALID_GRANT, outcome, refreshTokenOf, type SceneOf } from './scene.ts';

/** Attacks that must fail. */
export function attacks(sceneOf: SceneOf): void {
  const asked = async (over: Record<string, string | undefined>) => {
    const { owner, resource, client } = sceneOf();
    const { query } = (await client()).request(resource, over);
    const answer = await owner.browser.get(`/authorize?${query}`);
    return new URL(answer.headers.location ?? 'x:', 'http://here').searchParams.get('error');
  };

  it.each<[string, Record<string, string | undefined>, string]>([
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['both kinds at once', { scope: 'transfer' }, 'invalid_scope'],
    ['both kinds in one scope', { scope: 'photos.read transfer' }, 'invalid_scope'],
    ['a malformed scope', { scope: 'photos.read "' }, 'invalid_scope'],
    ['transfer among scopes that nobody knows', { scope: ' openid  transfer' }, 'invalid_scope'],
    ['a blank scope', { scope: '  ' }, 'access_denied'],
    ['transfer_scope', { transfer_scope: 'photos.read' }, 'invalid_request'],
    ['a relative resource', { resource: '/api' }, 'invalid_target'],
    ['a fragment', { resource: 'http://photos.localhost/api#x' }, 'invalid_target'],
    ['another scheme', { resource: 'ftp://photos.localhost/api' }, 'invalid_target'],
    ['user information', { resource: 'http://a:b@photos.localhost/api' }, 'invalid_target'],
    ['a bad dpop_jkt', { dpop_jkt: 'x' }, 'invalid_request'],
    ['neither resource nor transfer', { resource: undefined, scope: 'photos.read' }, 'invalid_target'],
    ['no key for a connection', { resource: undefined, scope: 'transfer' }, 'invalid_request'],
  ])('a request with %s is refused', async (_what, over, error) => {
    expect(await asked(over)).toBe(error);
  });

  it('several resources, and the AM itself, are no target', async () => {
    const { owner, resource, client, deployment } = sceneOf();
    const { query } = (await client()).request(resource);
    const answer = await owner.browser.get(
      `/authorize?${query}&resource=${encodeURIComponent('http://other.localhost/api')}`,
    );
    expect(new URL(answer.headers.location ?? '').searchParams.get('error')).toBe('invalid_target');
    expect(await asked({ resource: deployment.issuer })).toBe('invalid_target');
    expect(await asked({ resource: `${deployment.issuer}/api` })).toBe('invalid_target');
  });

  it('a code redeems for its own client, verifier, redirect URI and resource only', async () => {
    const scene = sceneOf();
    const { owner, resource } = scene;
    const [app, thief] = [await scene.client(), await scene.client()];
    const ask = await app.ask(owner.browser, resource);
    const code = await app.agree(owner.browser, ask, { bearer: 'allow' });
    expect(outcome(await thief.redeem(code, ask.verifier))).toEqual(INVALID_GRANT);
    expect(outcome(await app.redeem(code, ask.verifier, { redirect_uri: 'http://127.0.0.1:4999/other' }))).toEqual(
      INVALID_GRANT,
    );
    for (const other of ['http://other.localhost/api', `${resource}/x`, 'nonsense', `${resource}#`])
      expect(outcome(await app.redeem(code, ask.verifier, { resource: other }))).toEqual({
        status: 400,
        error: 'invalid_target',
      });
    expect(outcome(await app.redeem(code, ask.verifier, { scope: 'photos.read more' }))).toEqual({
      status: 400,
      error: 'invalid_scope',
    });
    expect(outcome(await app.redeem(code, createVerifier()))).toEqual(INVALID_GRANT);
    expect(outcome(await app.redeem(code, ask.verifier))).toEqual(INVALID_GRANT);
    expect(scene.deployment.host.hops).toHaveLength(0);
  });

  it('a refresh token is good for its own client, resource and scope only, and for no other endpoint', async () => {
    const scene = sceneOf();
    const { owner, resource, deployment } = scene;
    const [app, thief] = [await scene.client(), await scene.client()];
    const first = await app.connect(owner.browser, resource, { request: { scope: 'photos.read' } });
    const token = refreshTokenOf(first);
    expect(outcome(await thief.refresh(token))).toEqual(INVALID_GRANT);
    expect(outcome(await app.refresh(token, { resource: 'http://other.localhost/api' }))).toEqual({
      status: 400,
      error: 'invalid_target',
    });
    for (const scope of ['photos.read photos.write', 'photos.read offline_access', 'transfer', ' '])
      expect(outcome(await app.refresh(token, { scope }))).toEqual({ status: 400, error: 'invalid_scope' });
    const requester = deployment.requester();
    for (const subject of [token, String(first.json['access_token']), mintToken('ct', 1)]) {
      const connection = { accessToken: subject };
      const hop = await requester.transfer({ connection, resource, scope: 'photos.read' });
      expect(outcome(hop)).toEqual({ status: 400, error: 'invalid_request' });
    }
    expect((await app.refresh(token)).status).toBe(200);
  });

  it('a connection’s code and refresh token give no Host token, whatever resource is named', async () => {
    const { deployment, resource } = sceneOf();
    const story = await deployment.story({ 'photos.read': 'allow' });
    deployment.host.reset();
    const { requester, connection } = story;
    const form = {
      ...(await requester.authentication()),
      grant_type: 'refresh_token',
      refresh_token: connection.refreshToken,
      resource,
    };
    const answer = await requester.post('/token', form);
    expect(answer.json).toMatchObject({
      scope: 'transfer',
      token_type: 'DPoP',
      access_token: expect.stringMatching(/^cha_ct_/),
    });
    expect(deployment.host.hops).toHaveLength(0);
  });

  it('what has a key is never had without it, or with another', async () => {
    const scene = sceneOf();
    const { owner, resource } = scene;
    const app = await scene.client({ dpop: 'yes' });
    const ask = await app.ask(owner.browser, resource, { dpop_jkt: app.key.kid });
    const code = await app.agree(owner.browser, ask, { bearer: 'allow' });
    const needsProof = { status: 400, error: 'invalid_dpop_proof' };
    const other = generateSigningKey();
    expect(outcome(await app.redeem(code, ask.verifier, {}, { dpop: 'no' }))).toEqual(needsProof);
    expect(outcome(await app.redeem(code, ask.verifier, {}, { key: other }))).toEqual(INVALID_GRANT);
    const first = await app.redeem(code, ask.verifier);
    expect(first.status).toBe(200);
    expect(outcome(await app.refresh(refreshTokenOf(first), {}, { dpop: 'no' }))).toEqual(needsProof);
    expect(outcome(await app.refresh(refreshTokenOf(first), {}, { key: other }))).toEqual(INVALID_GRANT);
    expect((await app.refresh(refreshTokenOf(first))).status).toBe(200);
    const late = await scene.client();
    const bearer = await late.connect(owner.browser, resource);
    const bound = await late.refresh(refreshTokenOf(bearer), {}, { dpop: 'yes' });
    expect(bound.json).toMatchObject({ token_type: 'DPoP' });
    expect(outcome(await late.refresh(refreshTokenOf(bound)))).toEqual(needsProof);
  });

  it('without the owner’s tick, or at a Host that does not say so, nothing is had without a key', async () => {
    const scene = sceneOf();
    const { owner, resource, deployment } = scene;
    const app = await scene.client();
    const ask = await app.ask(owner.browser, resource);
    const code = await app.agree(owner.browser, ask);
    expect(outcome(await app.redeem(code, ask.verifier))).toEqual({ status: 400, error: 'invalid_dpop_proof' });
    expect(deployment.host.hops).toHaveLength(0);
    expect((await app.redeem(code, ask.verifier, {}, { dpop: 'yes' })).status).toBe(200);
    const ticked = await app.connect(owner.browser, resource);
    await deployment.rows('update host set bearer = false');
    expect(outcome(await app.refresh(refreshTokenOf(ticked)))).toEqual(INVALID_GRANT);
    const strict = await app.ask(owner.browser, resource);
    const page = await owner.browser.get(strict.path);
    expect(page.text).not.toContain('name="bearer"');
    const forced = await app.agree(owner.browser, strict, { bearer: 'allow' });
    await deployment.rows('update host set bearer = true');
    expect(outcome(await app.redeem(forced, strict.verifier))).toEqual({ status: 400, error: 'invalid_dpop_proof' });
    expect((await connectionsOf(scene, app))[0]?.bearer).toBe(false);
  });

  it('of fifty redemptions at once one succeeds at most; whatever the Host minted for any is ended there', async () => {
    const scene = sceneOf();
    const { owner, resource, deployment } = scene;
    const app = await scene.client();
    const ask = await app.ask(owner.browser, resource);
    const code = await app.agree(owner.browser, ask, { bearer: 'allow' });
    const answers = await Promise.all(Array.from({ length: 50 }, () => app.redeem(code, ask.verifier)));
    // none succeeds if the second use ended the connection before the first was answered
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    expect(answers.filter(({ status }) => ![200, 400, 503].includes(status))).toEqual([]);
    expect(outcome(await app.redeem(code, ask.verifier))).toEqual(INVALID_GRANT);
    expect(await connectionsOf(scene, app)).toMatchObject([{ ended_at: expect.any(Date) }]);
    const grantIds = new Set(
      deployment.host.minted.filter(({ clientId }) => clientId === app.id).map(({ grantId }) => grantId),
    );
    expect(grantIds.size).toBe(1);
    await eventually(async () => deployment.host.revoked.some(({ token }) => grantIds.has(token)));
  });

  it('a code whose Host is down can be tried again; a used one ends everything, without asking the Host', async () => {
    const { owner, resource, deployment, client } = sceneOf();
    const app = await client();
    const ask = await app.ask(owner.browser, resource);
    const code = await app.agree(owner.browser, ask, { bearer: 'allow' });
    deployment.host.script.transfer = () => 'reset';
    expect(outcome(await app.redeem(code, ask.verifier))).toEqual({
      status: 503,
      error: 'temporarily_unavailable',
      retry: '5',
    });
    deployment.host.reset();
    const first = await app.redeem(code, ask.verifier);
    expect(first.status).toBe(200);
    const hops = deployment.host.hops.length;
    expect(outcome(await app.redeem(code, ask.verifier))).toEqual(INVALID_GRANT);
    expect(outcome(await app.refresh(refreshTokenOf(first)))).toEqual(INVALID_GRANT);
    expect(deployment.host.hops).toHaveLength(hops);
  });

  it('a consent page is answered by its owner’s browser only, and a request by one answer', async () => {
    const { owner, resource, deployment, client } = sceneOf();
    const app = await client();
    const ask = await app.ask(owner.browser, resource);
    const other = await deployment.owner();
    await owner.browser.get(ask.path);
    expect((await other.browser.get(ask.path)).status).toBe(400);
    await app.agree(owner.browser, ask);
    await expect(app.agree(owner.browser, ask)).rejects.toThrow('consent answered');
    const posted = await exchange(deployment.ams[0].port, {
      path: '/authorize',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: ask.path.split('?')[1] ?? '',
    });
    expect(posted.status).toBe(400);
  });
}
