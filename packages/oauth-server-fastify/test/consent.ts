import { beforeAll, describe, expect, test } from '@jest/globals';
import { documented, type Party, registered } from './clients.ts';
import { expectPage } from './authorize.ts';
import { answered, authorizePath, Browser, hidden, push, pushed, redirected, requestOf } from './flow.ts';
import type { Answer, Form } from '@chatelaine/test-kit';
import type { Rig } from './rig.ts';

/** A pushed request and the owner's answer to it. */
export function consent(rigOf: () => Rig): void {
  describe('pushed requests and consent', () => {
    let rig: Rig;
    let party: Party;
    beforeAll(async () => {
      rig = rigOf();
      party = await registered(rig);
    });
    const open = (browser: Browser, requestUri: string, client = party): Promise<Answer> =>
      browser.get(authorizePath({ client_id: client.id, request_uri: requestUri }));
    const grantsOf = async (client: Party): Promise<number> => {
      const { rows } = await rig.pool.query('select from oauth_grant where client_id = $1', [client.id]);
      return rows.length;
    };

    test('A11 a request_uri is good once: after the answer it is gone, for this browser too', async () => {
      for (const decision of ['allow', 'deny']) {
        const browser = new Browser(rig.am);
        const requestUri = await pushed(rig, rig.am, { party });
        const page = await open(browser, requestUri);
        const form = { ...hidden(page), decision };
        expect((await browser.post('/authorize', form)).onward).toMatch(/[?&](code|error)=/);
        expectPage(await browser.post('/authorize', { ...form, more: 'x' }));
        expectPage(await open(browser, requestUri));
        expectPage(await open(new Browser(rig.am), requestUri));
      }
    });

    test('A11 a request_uri that is expired, of another client or made up gets a page', async () => {
      const other = await registered(rig);
      const requestUri = await pushed(rig, rig.am, { party });
      expectPage(await open(new Browser(rig.am), requestUri, other));
      expectPage(await open(new Browser(rig.am), 'urn:ietf:params:oauth:request_uri:made-up'));
      await rig.age(91);
      expectPage(await open(new Browser(rig.am), requestUri));
    });

    test('A11 a request is the first browser’s that opens it, for ten minutes', async () => {
      const browser = new Browser(rig.am);
      const requestUri = await pushed(rig, rig.am, { party });
      await open(browser, requestUri);
      expectPage(await open(new Browser(rig.am), requestUri));
      await rig.age(590);
      const page = await open(browser, requestUri);
      expect(page.status).toBe(200);
      await rig.age(20);
      expectPage(await browser.post('/authorize', { ...hidden(page), decision: 'allow' }));
    });

    test('A18 an owner who says no leaves no grant', async () => {
      const client = await registered(rig);
      const answer = await answered(rig.am, {
        party: client,
        requestUri: await pushed(rig, rig.am, { party: client }),
        form: { decision: 'deny' },
      });
      expect(Object.fromEntries(redirected(answer))).toEqual({
        error: 'access_denied',
        error_description: expect.any(String),
        state: 'a state',
        iss: rig.am.issuer,
      });
      expect(await grantsOf(client)).toBe(0);
    });

    test('S4 nothing is agreed to without the form’s own token, or from another site', async () => {
      const client = await registered(rig);
      const browser = new Browser(rig.am);
      const requestUri = await pushed(rig, rig.am, { party: client });
      const fields = hidden(await open(browser, requestUri, client));
      const elsewhere = new Browser(rig.am);
      const foreign = hidden(await open(elsewhere, await pushed(rig, rig.am, { party: client }), client));
      const submitConsent = (form: Form, headers: Record<string, string> = {}): Promise<Answer> =>
        browser.post('/authorize', { ...fields, decision: 'allow', ...form }, headers);
      expectPage(await submitConsent({ csrf: undefined }), 403);
      expectPage(await submitConsent({ csrf: '' }), 403);
      const sibling = hidden(await open(browser, await pushed(rig, rig.am, { party: client }), client));
      expectPage(await submitConsent({ csrf: sibling['csrf'] }), 403);
      expectPage(await submitConsent({ csrf: foreign['csrf'] }), 403);
      expectPage(await submitConsent({}, { origin: 'https://evil.example' }), 403);
      expectPage(await submitConsent({}, { 'sec-fetch-site': 'cross-site', origin: 'null' }), 403);
      expectPage(await submitConsent({}, { 'sec-fetch-site': 'same-site', origin: 'https://other.am.example' }), 403);
      expect(await grantsOf(client)).toBe(0);
      // as a browser sends our own form under Referrer-Policy: no-referrer
      expect((await submitConsent({}, { 'sec-fetch-site': 'same-origin', origin: 'null' })).onward).toContain('code=');
    });

    test('S4 a browser without Fetch Metadata sends our form with Origin: null; its token alone decides', async () => {
      const client = await registered(rig);
      const browser = new Browser(rig.am);
      const fields = hidden(await open(browser, await pushed(rig, rig.am, { party: client }), client));
      const say = (csrf: string | undefined): Promise<Answer> =>
        browser.post('/authorize', { ...fields, csrf, decision: 'allow' }, { origin: 'null' });
      for (const csrf of [undefined, '', 'x'.repeat(43)]) expectPage(await say(csrf), 403);
      expect(await grantsOf(client)).toBe(0);
      expect((await say(fields['csrf'])).onward).toContain('code=');
    });

    test('S4 a page shown to one person is not answered by another who signed in meanwhile', async () => {
      const client = await registered(rig);
      const browser = new Browser(rig.am, 'owner-1');
      const fields = hidden(await open(browser, await pushed(rig, rig.am, { party: client }), client));
      browser.owner = 'owner-2';
      expectPage(await browser.post('/authorize', { ...fields, decision: 'allow' }), 403);
      browser.owner = null;
      const toSignIn = await browser.post('/authorize', { ...fields, decision: 'allow' });
      expect(toSignIn.onward).toMatch(/^\/sign-in\?/);
      expect(await grantsOf(client)).toBe(0);
    });

    test('an answer that is neither yes nor no, or more than was asked for, shows the page again', async () => {
      const am = documented(rig, rig.host);
      const browser = new Browser(rig.host);
      const requestUri = await pushed(rig, rig.host, { party: am, form: { transfer_scope: 'photos:read' } });
      const page = await browser.get(authorizePath({ client_id: am.id, request_uri: requestUri }));
      for (const form of [{}, { decision: 'maybe' }, { decision: 'allow', ceiling: 'photos:read photos:write' }]) {
        const again = await browser.post('/authorize', { ...hidden(page), ...form });
        expect(again).toMatchObject({ status: 400, headers: { 'content-type': 'text/html' } });
        expect(Object.keys(hidden(again))).toEqual(['client_id', 'request_uri', 'csrf', 'shown']);
      }
      expect(await grantsOf(am)).toBe(0);
    });

    test('the interaction’s cookie is the browser’s own: HttpOnly, Secure, host-only, Lax', async () => {
      const requestUri = await pushed(rig, rig.am, { party });
      const page = await open(new Browser(rig.am), requestUri);
      const [cookie = ''] = page.headers['set-cookie'] ?? [];
      expect(cookie).toMatch(/^__Host-chatelaine-interaction=[A-Za-z0-9_-]{43};/);
      for (const attribute of ['HttpOnly', 'Secure', 'SameSite=Lax', 'Path=/'])
        expect(cookie).toContain(`; ${attribute}`);
      expect(cookie).not.toContain('Domain');
    });

    test('a request cannot be pushed by reference, and what is wrong with it is told at once', async () => {
      for (const [form, error] of [
        [{ request_uri: 'urn:x' }, 'invalid_request'],
        [{ request: 'a.b.c' }, 'invalid_request'],
        [{ redirect_uri: 'https://evil.example/' }, 'invalid_request'],
        [{ scope: 'everything' }, 'invalid_scope'],
        [{ response_type: 'token' }, 'unsupported_response_type'],
        [{ code_challenge_method: 'plain' }, 'invalid_request'],
      ] as const) {
        expect(await push(rig, rig.am, { party, form })).toMatchObject({ status: 400, json: { error } });
      }
      const good = await push(rig, rig.am, { party });
      expect(good).toMatchObject({ status: 201, json: { expires_in: 90 } });
      expect(good.json['request_uri']).toMatch(/^urn:ietf:params:oauth:request_uri:cha_ru_[A-Za-z0-9_-]{46}$/);
    });

    test('RFC 6749 §3.1 a parameter without a value counts as left out', async () => {
      const requestUri = await pushed(rig, rig.am, {
        party,
        form: { redirect_uri: '', state: '', prompt: '', request: '', client_assertion: '' },
      });
      const answer = await answered(rig.am, { party, requestUri });
      expect([...redirected(answer).keys()]).toEqual(['code', 'iss']);
      const browser = new Browser(rig.am);
      const plain = { ...requestOf(rig.am, party), redirect_uri: '', response_mode: '', request_uri: '' };
      expect((await browser.get(authorizePath(plain))).status).toBe(303);
    });
  });
}
