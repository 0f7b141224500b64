import { LIMIT } from '@chatelaine/protocol';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { documented, type Party, REDIRECT_URI, registered } from './clients.ts';
import { answered, arrive, authorizePath, Browser, hidden, push, pushed, redirected, requestOf } from './flow.ts';
import { type Answer, encodeForm, type Form, send } from '@chatelaine/test-kit';
import type { Rig } from './rig.ts';

/** RFC 6749 §4.1.2.1: the person sees a page, and the browser is sent nowhere. */
export function expectPage(answer: Answer, status = 400): void {
  expect(answer).toMatchObject({ status, headers: { 'content-type': 'text/html', 'cache-control': 'no-store' } });
  expect(answer.onward).toBeUndefined();
}

/** The authorization endpoint, up to the page. */
export function authorizationRequests(rigOf: () => Rig): void {
  describe('authorization requests', () => {
    let rig: Rig;
    let party: Party;
    beforeAll(async () => {
      rig = rigOf();
      party = await registered(rig);
    });
    const plain = (changes: Form = {}): Promise<Answer> => arrive(rig, { ...requestOf(rig.am, party), ...changes });
    const expectRefusal = (answer: Answer, error: string): void => {
      const query = redirected(answer);
      expect(answer.onward?.startsWith(`${REDIRECT_URI}?`)).toBe(true);
      // A9: errors carry iss and state like any other answer
      expect(Object.fromEntries(query)).toMatchObject({ error, state: 'a state', iss: rig.am.issuer });
      expect(query.has('code')).toBe(false);
    };

    test('A4 without code_challenge nothing starts', async () => {
      expectRefusal(await plain({ code_challenge: undefined }), 'invalid_request');
      expectRefusal(await plain({ code_challenge: '' }), 'invalid_request');
    });

    test('A5 the challenge is a SHA-256 in base64url, and its method S256, said outright', async () => {
      for (const code_challenge_method of ['plain', 's256', 'S512', undefined]) {
        expectRefusal(await plain({ code_challenge_method }), 'invalid_request');
      }
      for (const code_challenge of [
        'A'.repeat(42),
        'A'.repeat(44),
        `${'A'.repeat(42)}=`,
        `${'A'.repeat(42)}+`,
        `${'A'.repeat(42)}B`,
      ]) {
        expectRefusal(await plain({ code_challenge }), 'invalid_request');
      }
    });

    test('A6 a parameter given twice is refused, by a page when it decides where to go', async () => {
      const query = encodeForm(requestOf(rig.am, party));
      for (const twice of [
        'client_id=other',
        `redirect_uri=${encodeURIComponent(REDIRECT_URI)}`,
        '%72edirect_uri=https://evil.example/',
      ]) {
        expectPage(await arrive(rig, `${query}&${twice}`));
        expectPage(await arrive(rig, `${twice}&${query}`));
      }
      for (const twice of ['state=b', 'scope=transfer', 'resource=a&resource=b', 'response_type=code']) {
        expectRefusal(await arrive(rig, `${query}&${twice}`), 'invalid_request');
      }
      expectPage(await arrive(rig, 'client_id=a&request_uri=b&request_uri=c'));
    });

    test('A6 a query that cannot be decoded gets a page', async () => {
      const query = encodeForm(requestOf(rig.am, party));
      for (const bad of ['state=%zz', 'x=%ff', 'x=%00', `x=${'a'.repeat(9000)}`, 'a&'.repeat(LIMIT.formPairs + 1)]) {
        expectPage(await arrive(rig, `${query}&${bad}`));
      }
    });

    test('a state with control characters is refused (RFC 6749 §A.5); any other comes back as it was', async () => {
      for (const character of ['\t', '\n', '\r', '\u0000', '\u001f', '\u007f', '\u0085']) {
        const state = `a${character}b`;
        expectPage(await plain({ state }));
        const answer = await push(rig, rig.am, { party, form: { state } });
        expect([character, answer.status, answer.json['error']]).toEqual([character, 400, 'invalid_request']);
      }
      for (const state of ['a b', '%0a', 'ä€😀'])
        expect(await push(rig, rig.am, { party, form: { state } })).toMatchObject({ status: 201 });
    });

    test.each(['token', 'id_token', 'code token', 'code id_token', 'none', 'CODE'])(
      'A7 response_type %s is not supported',
      async (response_type) => expectRefusal(await plain({ response_type }), 'unsupported_response_type'),
    );

    test('A7 a request object, another response mode and no response type are refused', async () => {
      expectRefusal(await plain({ request: 'a.b.c' }), 'invalid_request');
      expectRefusal(await plain({ response_mode: 'fragment' }), 'invalid_request');
      expectRefusal(await plain({ response_type: undefined }), 'invalid_request');
    });

    test('A8 the scope of a relationship is "transfer", alone and registered', async () => {
      for (const scope of ['photos:read', 'transfer photos:read', 'Transfer', 'transfer ', '', undefined]) {
        expectRefusal(await plain({ scope }), 'invalid_scope');
      }
      const without = documented(rig, rig.am, { scope: 'profile' });
      expectRefusal(await arrive(rig, requestOf(rig.am, without)), 'invalid_scope');
      expectRefusal(await plain({ transfer_scope: 'photos:read' }), 'invalid_scope');
    });

    test('A8 what may be delegated is what the Host offers', async () => {
      const am = documented(rig, rig.host);
      for (const transfer_scope of [
        'photos:delete',
        'photos:read photos:delete',
        'transfer',
        'photos:read ',
        '__proto__',
      ]) {
        const answer = await push(rig, rig.host, { party: am, form: { transfer_scope } });
        expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_scope' } });
      }
    });

    test('A9 state comes back byte for byte, and iss with it, whatever the state is', async () => {
      const state = ` ${'ü😀 +&=?#"<>%\\'.repeat(300).slice(0, 3900)} `;
      const requestUri = await pushed(rig, rig.am, { party, form: { state } });
      const refusal = await answered(rig.am, { party, requestUri, form: { decision: 'deny' } });
      expect(Object.fromEntries(redirected(refusal))).toMatchObject({
        error: 'access_denied',
        state,
        iss: rig.am.issuer,
      });
      const agreed = await answered(rig.am, {
        party,
        requestUri: await pushed(rig, rig.am, { party, form: { state } }),
      });
      expect(Object.fromEntries(redirected(agreed))).toEqual({ code: expect.any(String), state, iss: rig.am.issuer });
      expect(Object.fromEntries(redirected(await plain({ state: '😀'.repeat(300), scope: 'x' })))).toMatchObject({
        state: '😀'.repeat(300),
      });
      // RFC 6749 §4.1.2: only when there was one
      expect(redirected(await plain({ state: undefined, scope: 'x' })).has('state')).toBe(false);
    });

    test('A10 every redirect is 303, so no form is posted again; a form gets a page that moves on', async () => {
      const browser = new Browser(rig.am);
      const requestUri = await pushed(rig, rig.am, { party });
      const path = authorizePath({ client_id: party.id, request_uri: requestUri });
      browser.owner = null;
      const toSignIn = await browser.get(path);
      expect(toSignIn).toMatchObject({
        status: 303,
        headers: { location: `/sign-in?return_to=${encodeURIComponent(path)}` },
      });
      browser.owner = 'owner-1';
      const page = await browser.get(path, 1);
      // the way back is no redirect at all: CSP form-action would stop it where it leads on
      const answer = await browser.post('/authorize', { ...hidden(page), decision: 'allow' });
      expect([answer.status, answer.headers.location]).toEqual([200, undefined]);
      expect(answer.onward).toMatch(/^https:\/\/app\.example\/cb\?code=/);
    });

    test('A13 prompt=none shows no page: login_required signed out, consent_required signed in', async () => {
      for (const [owner, error] of [
        [null, 'login_required'],
        ['owner-1', 'consent_required'],
      ] as const) {
        const requestUri = await pushed(rig, rig.am, { party, form: { prompt: 'none' } });
        const answer = await new Browser(rig.am, owner).get(
          authorizePath({ client_id: party.id, request_uri: requestUri }),
        );
        expectRefusal(answer, error);
      }
    });

    test('a plain request goes on by reference, so that what was checked is what is asked', async () => {
      const answer = await plain();
      const next = new URL(answer.onward ?? '', rig.am.issuer);
      expect([...next.searchParams.keys()]).toEqual(['client_id', 'request_uri']);
      const page = await new Browser(rig.am).get(
        `${next.pathname}${next.search}&scope=everything&redirect_uri=https://evil.example`,
      );
      expect(page.status).toBe(200);
      expect(page.text).toContain('https://app.example');
      expect(page.text).not.toContain('evil');
    });

    test('an AM binds a connection to a key: dpop_jkt is needed, well-formed, and the proof’s own', async () => {
      expectRefusal(await plain({ dpop_jkt: undefined }), 'invalid_request');
      for (const dpop_jkt of ['', 'A'.repeat(42), 'not a thumbprint'])
        expectRefusal(await plain({ dpop_jkt }), 'invalid_request');
    });

    test('a Host takes pushed requests only', async () => {
      const am = documented(rig, rig.host);
      const answer = await send(rig.host.ports[0], { path: authorizePath(requestOf(rig.host, am)) });
      expect(Object.fromEntries(redirected(answer))).toMatchObject({ error: 'invalid_request', iss: rig.host.issuer });
      expect(answer.onward?.startsWith(REDIRECT_URI)).toBe(true);
    });
  });
}
