import { hostTag, validateJwks, verifyJwt } from '@chatelaine/crypto';
import { Browser, send } from '@chatelaine/test-kit';
import { describe, expect, test } from '@jest/globals';
import { SCOPES } from '../support/test-host.ts';
import { makeLink, startLink } from '../support/world.ts';
import { add, hosts, person, world } from './scene.ts';

/** The form, and the requests to the Host that it leads to. */
export function authorizationRequest(): void {
  describe('adding a Host', () => {
    test('a link into the form only fills it in: nothing is fetched', async () => {
      const before = world.host.calls.length;
      const page = await person.browser.get(`/hosts/add?host=${encodeURIComponent(world.host.issuer)}`);
      expect(page.text).toContain(`value="${world.host.issuer}"`);
      expect(world.host.calls.length).toBe(before);
    });

    test('the answer is a page with a plain link to the Host, never a redirect', async () => {
      const page = await add(world.host.issuer);
      expect(page.status).toBe(200);
      expect(page.headers.location).toBeUndefined();
      expect(page.headers['content-security-policy']).toContain("form-action 'self'");
      const { authorizationUrl } = await startLink(person, world.host);
      const url = new URL(authorizationUrl);
      expect(url.origin).toBe(world.host.issuer);
      expect([...url.searchParams.keys()].toSorted()).toEqual(['client_id', 'request_uri']);
    });

    test('the Host is asked for transfer alone, with PKCE and all it delegates, as the client for it', async () => {
      await startLink(person, world.host);
      const form = world.host.callsOf('/par').at(-1)?.form;
      const tag = hostTag(world.host.issuer);
      expect(Object.fromEntries(form ?? [])).toMatchObject({
        scope: 'transfer',
        transfer_scope: Object.keys(SCOPES).join(' '),
        response_type: 'code',
        code_challenge_method: 'S256',
        client_id: `${world.issuer}/clients/${tag}`,
        redirect_uri: `${world.issuer}/callback/${tag}`,
      });
    });

    test('the client assertion is for this Host’s issuer only, one string, signed with a published key', async () => {
      await startLink(person, world.host);
      const form = world.host.callsOf('/par').at(-1)?.form;
      const published = validateJwks(JSON.parse((await send(world.am.port, { path: '/jwks' })).text));
      if (published.kind !== 'valid') throw new Error('not a key set');
      const verified = await verifyJwt({
        token: form?.get('client_assertion') ?? '',
        typ: 'client-authentication+jwt',
        keys: published.jwks,
        audience: world.host.issuer,
        issuer: form?.get('client_id') ?? '',
        clock: { now: () => Date.now() / 1000 },
        maxLifetimeSeconds: 60,
      });
      expect(verified).toMatchObject({
        kind: 'valid',
        claims: { aud: world.host.issuer, sub: form?.get('client_id') },
      });
    });

    test('two owners of one Host share its row and its client', async () => {
      const second = await world.person();
      await makeLink(world, person);
      await makeLink(world, second);
      const clients = world.host.callsOf('/par').map(({ form }) => form.get('client_id'));
      expect(new Set(clients).size).toBe(1);
      expect((await hosts()).filter((issuer) => issuer === world.host.issuer)).toHaveLength(1);
    });

    test('without its token, with another person’s token, or from another site, the form does nothing', async () => {
      const before = world.host.calls.length;
      const fields = { host: world.host.issuer };
      const stranger = await world.person();
      const theirs = /name="_csrf" value="([^"]+)"/.exec((await stranger.browser.get('/hosts/add')).text)?.[1] ?? '';
      const mine = /name="_csrf" value="([^"]+)"/.exec((await person.browser.get('/hosts/add')).text)?.[1] ?? '';
      const answers = await Promise.all([
        person.browser.post('/hosts/add', fields),
        person.browser.post('/hosts/add', { ...fields, _csrf: theirs }),
        person.browser.post('/hosts/add', { ...fields, _csrf: mine }, { 'sec-fetch-site': 'cross-site' }),
        person.browser.post('/hosts/add', { ...fields, _csrf: mine }, { origin: 'https://evil.example' }),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
      expect(world.host.calls.length).toBe(before);
    });

    test('nobody signed in is sent to sign in', async () => {
      const nobody = new Browser(world.am.port);
      expect((await nobody.get('/hosts/add')).headers.location).toMatch(/^\/sign-in\?/);
      const answer = await nobody.submit('/sign-in', '/hosts/add', { host: world.host.issuer });
      expect(answer.status).toBe(303);
      expect(answer.headers.location).toMatch(/^\/sign-in/);
    });
  });
}
