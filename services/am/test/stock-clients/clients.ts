import { expect, it } from '@jest/globals';
import { CLIENT_ASSERTION_TYPE } from '@chatelaine/protocol';
import { exchange } from '../support/requester.ts';
import { INVALID_GRANT, outcome, refreshTokenOf, type SceneOf } from './scene.ts';

const refreshing = { grant_type: 'refresh_token', refresh_token: 'x' };
const INVALID_CLIENT = { status: 401, error: 'invalid_client' };

/**
 * Clients with a secret, or without any credentials: registered as stock libraries do it, and usable only as stock
 * clients.
 */
export function clientsWithSecrets(sceneOf: SceneOf): void {
  it.each(['basic', 'post'] as const)(
    'registers with a secret (%s), which is told once and kept as a hash',
    async (auth) => {
      const { deployment, owner, resource, client } = sceneOf();
      const app = await client({ auth, metadata: { scope: 'photos.read photos.write' } });
      expect(app.registered).toMatchObject({
        token_endpoint_auth_method: `client_secret_${auth}`,
        client_secret_expires_at: 0,
        scope: 'photos.read photos.write',
        dpop_bound_access_tokens: false,
      });
      expect(app.secret).toMatch(/^cha_cs_[A-Za-z0-9_-]{46}$/);
      const [row] = await deployment.rows<{ all: string }>('select c::text as all from oauth_client c where id = $1', [
        app.id,
      ]);
      expect(row?.all).not.toContain(app.secret);
      const { registration_access_token: token } = app.registered;
      const headers = { authorization: `Bearer ${String(token)}` };
      const read = await exchange(deployment.ams[1].port, { method: 'GET', path: `/register/${app.id}`, headers });
      expect(read.json).not.toHaveProperty('client_secret');
      const first = await app.connect(owner.browser, resource);
      expect(first.status).toBe(200);
      expect((await app.refresh(refreshTokenOf(first))).status).toBe(200);
    },
  );

  it('sends its secret one way, never both; a wrong one is refused alike everywhere', async () => {
    const { owner, resource, client } = sceneOf();
    const app = await client({ auth: 'basic' });
    const asked = await app.ask(owner.browser, resource);
    const code = await app.agree(owner.browser, asked, { bearer: 'allow' });
    const both = await app.redeem(code, asked.verifier, { client_id: app.id, client_secret: app.secret ?? '' });
    expect(outcome(both)).toEqual({ status: 400, error: 'invalid_request' });
    const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    for (const authorization of [
      basic(app.id, 'wrong'),
      basic(app.id, ''),
      basic('client_unknown', app.secret ?? ''),
      basic(app.id, `${app.secret}%zz`),
      'Basic !!!',
      'Basic',
      `Bearer ${app.secret}`,
    ]) {
      const refused = await app.redeem(code, asked.verifier, {}, { headers: { authorization } });
      expect(outcome(refused)).toEqual(INVALID_CLIENT);
      expect(refused.headers['www-authenticate']).toBe('Basic realm="token"');
      expect(refused.json['error_description']).toBe('Client authentication failed.');
    }
    expect(outcome(await app.redeem(code, asked.verifier, { client_id: 'another' }))).toEqual(INVALID_CLIENT);
    expect((await app.redeem(code, asked.verifier)).status).toBe(200);
  });

  it('registered to send its secret in the header, and sending it in the body, is refused; and reversed', async () => {
    const { owner, resource, client } = sceneOf();
    const basic = (app: { id: string; secret: string | null }, secret = app.secret) => ({
      authorization: `Basic ${Buffer.from(`${app.id}:${secret}`).toString('base64')}`,
    });
    const posted = (app: { id: string; secret: string | null }, secret = app.secret) => ({
      client_id: app.id,
      client_secret: secret ?? '',
    });
    const [header, body] = [await client({ auth: 'basic' }), await client({ auth: 'post' })];
    const plain = await client();
    for (const [app, wrongWay, words] of [
      [
        header,
        (secret?: string) => plain.token({ ...refreshing, ...posted(header, secret) }),
        'client_secret_basic: send its secret in the Authorization header',
      ],
      [
        body,
        (secret?: string) => plain.token({ ...refreshing, client_id: undefined }, { headers: basic(body, secret) }),
        'client_secret_post: send its secret as the parameter client_secret',
      ],
    ] as const) {
      const first = await app.connect(owner.browser, resource);
      const refused = await wrongWay();
      expect(outcome(refused)).toEqual(INVALID_CLIENT);
      expect(refused.json['error_description']).toBe(`This client registered ${words}.`);
      // without the secret, nobody learns how the client registered
      expect((await wrongWay('guessed')).json['error_description']).toBe('Client authentication failed.');
      expect((await app.refresh(refreshTokenOf(first))).status).toBe(200);
    }
  });

  it.each(["it's", 'a;b'])(
    'whose redirect has a host that DNS could not have is refused when it registers, with the reason: %s',
    async (label) => {
      const { deployment } = sceneOf();
      const body = { client_name: 'Stock app', redirect_uris: [`https://${label}.example/cb`] };
      const answer = await exchange(deployment.ams[0].port, {
        path: '/register',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      expect([answer.status, answer.json]).toEqual([
        400,
        { error: 'invalid_redirect_uri', error_description: expect.stringContaining('a host that DNS could have') },
      ]);
    },
  );

  it('whose redirect has a host with an underscore is asked about, and led back to it', async () => {
    const { owner, resource, client } = sceneOf();
    const redirect_uri = 'https://my_app.example/cb';
    const app = await client({ metadata: { redirect_uris: [redirect_uri] } });
    const asked = await app.ask(owner.browser, resource, { redirect_uri });
    const page = await owner.browser.get(asked.path);
    expect([page.status, page.words]).toEqual([200, expect.stringContaining('at my_app.example')]);
    const code = await app.agree(owner.browser, asked, { bearer: 'allow' });
    expect((await app.redeem(code, asked.verifier, { redirect_uri })).status).toBe(200);
  });

  it('whose client_id is dead gets a page where a person would agree, and invalid_client elsewhere', async () => {
    const { owner, resource, client, deployment } = sceneOf();
    const app = await client();
    const asked = await app.ask(owner.browser, resource);
    const first = await app.connect(owner.browser, resource);
    const headers = { authorization: `Bearer ${String(app.registered['registration_access_token'])}` };
    await exchange(deployment.ams[1].port, { method: 'DELETE', path: `/register/${app.id}`, headers });
    for (const path of [`/authorize?${app.request(resource).query}`, asked.path]) {
      const page = await owner.browser.get(path);
      expect([page.status, page.headers['content-type'], page.headers.location]).toEqual([
        400,
        expect.stringContaining('text/html'),
        undefined,
      ]);
    }
    expect(outcome(await app.refresh(refreshTokenOf(first)))).toEqual(INVALID_CLIENT);
    expect(outcome(await app.redeem('cha_ac_x', asked.verifier))).toEqual(INVALID_CLIENT);
  });

  it('cannot do without its secret, and one that has none cannot make one up', async () => {
    const { owner, resource, client, deployment } = sceneOf();
    const [withSecret, without] = [await client({ auth: 'post' }), await client()];
    const first = await withSecret.connect(owner.browser, resource);
    const form = (over: Record<string, string>) => ({
      path: '/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: refreshTokenOf(first),
        ...over,
      }).toString(),
    });
    for (const over of [
      { client_id: withSecret.id },
      { client_id: withSecret.id, client_secret: 'x' },
      { client_id: without.id, client_secret: withSecret.secret ?? '' },
      { client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: 'a.b.c' },
    ])
      expect(outcome(await exchange(deployment.ams[0].port, form(over)))).toEqual(INVALID_CLIENT);
    expect(outcome(await exchange(deployment.ams[0].port, form({ client_id: without.id })))).toEqual(INVALID_GRANT);
    expect((await withSecret.refresh(refreshTokenOf(first))).status).toBe(200);
  });

  it('whose secret somebody guesses at: after a few guesses none is weighed, right or wrong', async () => {
    const { deployment, owner, resource, client } = sceneOf();
    const app = await client({ auth: 'post' });
    const first = await app.connect(owner.browser, resource);
    const { port } = await deployment.another({ refusalsPerMinute: 5 });
    const guess = (secret: string) => app.refresh(refreshTokenOf(first), { client_secret: secret }, { port });
    const statuses = [];
    for (let i = 0; i < 7; i += 1) statuses.push((await guess(`cha_cs_${'A'.repeat(46)}`)).status);
    expect(statuses.at(-1)).toBe(429);
    expect((await guess(app.secret ?? '')).status).toBe(429);
    expect((await app.refresh(refreshTokenOf(first))).status).toBe(200);
  });

  it('with a secret gets no connection, no transfer, no introspection; its answers say so', async () => {
    const { owner, resource, client, deployment } = sceneOf();
    const app = await client({ auth: 'basic' });
    const { query } = app.request(resource, { resource: undefined, scope: 'transfer', dpop_jkt: app.key.kid });
    const answer = await owner.browser.get(`/authorize?${query}`);
    expect(new URL(answer.headers.location ?? '').searchParams.get('error')).toBe('unauthorized_client');
    const exchanged = await app.token({ grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange' });
    expect(outcome(exchanged)).toEqual({ status: 400, error: 'unauthorized_client' });
    const first = await app.connect(owner.browser, resource);
    const { headers } = app.authentication();
    const introspected = await exchange(deployment.ams[0].port, {
      path: '/introspect',
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token: refreshTokenOf(first) }).toString(),
    });
    expect(outcome(introspected)).toEqual(INVALID_CLIENT);
  });

  it('that registered to prove a key always is held to it', async () => {
    const { owner, resource, client } = sceneOf();
    const app = await client({ metadata: { dpop_bound_access_tokens: true } });
    const asked = await app.ask(owner.browser, resource);
    const code = await app.agree(owner.browser, asked, { bearer: 'allow' });
    expect(outcome(await app.redeem(code, asked.verifier))).toEqual({ status: 400, error: 'invalid_dpop_proof' });
    expect((await app.redeem(code, asked.verifier, {}, { dpop: 'yes' })).json).toMatchObject({ token_type: 'DPoP' });
  });

  it('finds in the metadata what it may do; a secret in a client document is none', async () => {
    const { deployment } = sceneOf();
    const { json } = await exchange(deployment.ams[0].port, {
      method: 'GET',
      path: '/.well-known/oauth-authorization-server',
    });
    expect(json).toMatchObject({
      token_endpoint_auth_methods_supported: ['private_key_jwt', 'none', 'client_secret_basic', 'client_secret_post'],
      introspection_endpoint_auth_methods_supported: ['private_key_jwt'],
    });
    const id = `${deployment.documents.origin}/secret.json`;
    const metadata = { redirect_uris: ['http://127.0.0.1/cb'], token_endpoint_auth_method: 'client_secret_post' };
    deployment.documents.publish('/secret.json', { client_id: id, client_secret: 'public', ...metadata });
    const page = await (await deployment.owner()).browser.get(
      `/authorize?${new URLSearchParams({ client_id: id }).toString()}`,
    );
    expect(page.status).toBe(400);
  });
}
