import { describe, expect, test } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import type { Browser } from '@chatelaine/test-kit';
import { tokenFor } from '@chatelaine/test-kit';
import { reap } from '../../src/index.ts';
import { type Oddity, optionsIn, softPasskey } from '../support/authenticator.ts';
import {
  ISSUER,
  pool,
  service,
  ada,
  key,
  newBrowser,
  answer,
  ADD,
  SIGN_IN,
  SIGN_UP,
  CONFIRM,
  add,
  signIn,
  passkeysOf,
} from './scene.ts';

const isSignedIn = async (browser: Browser): Promise<boolean> => (await browser.get('/rooms')).status === 200;

export function signingIn(): void {
  describe('a passkey', () => {
    test('is added, listed by its name, signs in, and is removed', async () => {
      expect((await add()).headers['location']).toBe('/account/passkeys');
      expect((await ada.get('/account/passkeys')).words).toMatch(/laptop Added .* Not used yet/);
      const visitor = newBrowser();
      expect((await signIn({}, visitor)).headers['location']).toBe('/rooms');
      expect((await visitor.get('/account/sessions')).words).toContain('with a passkey');
      expect((await ada.get('/account/passkeys')).words).toContain('Last used');
      const removed = await ada.submit('/account/passkeys', '/account/passkeys/remove', { passkey: key.id });
      expect([removed.status, await passkeysOf('ada')]).toEqual([303, []]);
      expect([await isSignedIn(visitor), await isSignedIn(ada)]).toEqual([false, true]);
      expect((await signIn()).status).toBe(400);
    });

    test('is requested for the exact host: user verified, discoverable, without attestation', async () => {
      const created = optionsIn((await ada.get('/account/passkeys/add')).text, 'create') as unknown as Record<
        string,
        never
      >;
      expect(created).toMatchObject({
        rp: { id: 'inn.localhost', name: 'The Inn' },
        attestation: 'none',
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      });
      const { user } = created as unknown as { user: { id: string; name: string } };
      expect([user.name, Buffer.from(user.id, 'base64url').length]).toEqual(['ada', 16]);
      const asked = optionsIn((await newBrowser().get('/sign-in')).text, 'get');
      expect(asked).toMatchObject({ rpId: 'inn.localhost', userVerification: 'required', allowCredentials: [] });
    });

    test('the pages that request one allow our own script and nothing else; other pages allow none', async () => {
      for (const page of ['/sign-in', '/sign-up']) {
        const policy = String((await newBrowser().get(page)).headers['content-security-policy']);
        expect(policy).toMatch(/default-src 'none'.*;script-src 'self'$/);
        expect(policy).not.toMatch(/unsafe|\*|https:/);
      }
      expect(String((await ada.get('/rooms')).headers['content-security-policy'])).not.toContain('script-src');
      const { text } = await ada.get('/sign-up');
      const src = /<script src="([^"]+)"/.exec(text)?.[1] ?? '';
      const script = await newBrowser().get(src);
      expect([script.status, script.headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8']);
    });

    test.each<[string, Oddity]>([
      ['of another origin', { origin: 'http://evil.localhost' }],
      ['of the same host on another port', { origin: 'http://inn.localhost:8080' }],
      ['of a subdomain', { origin: 'http://a.inn.localhost' }],
      ['for another relying party', { rpId: 'localhost' }],
      ['without the person being verified', { flags: 0x01 }],
      ['without the person being there', { flags: 0x04 }],
      ['to another challenge', { challenge: Buffer.alloc(54).toString('base64url') }],
      ['to an empty challenge', { challenge: '' }],
      ['of the other kind', { type: 'webauthn.create' }],
      ['for another user', { userHandle: Buffer.alloc(16, 1).toString('base64url') }],
      ['by another key', { signedBy: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }],
    ])('a signature %s signs nobody in', async (_what, odd) => {
      await add();
      const visitor = newBrowser();
      expect((await signIn({ odd }, visitor)).status).toBe(400);
      expect(await isSignedIn(visitor)).toBe(false);
      expect((await signIn()).status).toBe(303);
    });

    test.each<[string, Oddity]>([
      ['of another origin', { origin: 'http://evil.localhost' }],
      ['for another relying party', { rpId: 'localhost' }],
      ['without the person being verified', { flags: 0x41 }],
      ['to another challenge', { challenge: Buffer.alloc(54).toString('base64url') }],
      ['of the other kind', { type: 'webauthn.get' }],
    ])('one that is made %s is not added', async (_what, odd) => {
      expect((await add({ odd })).status).toBe(400);
      expect(await passkeysOf('ada')).toEqual([]);
    });

    test('an answer that is malformed is a 400, at sign-in, sign-up, confirming and adding', async () => {
      await add();
      const long = `{"a":"${'x'.repeat(50_000)}"}`;
      const hollow = '{"id":"","rawId":"","type":"public-key","response":{}}';
      for (const response of ['', 'null', '[]', '{', '{"id":1}', '"x"', hollow, long]) {
        expect((await signIn({ response })).status).toBe(400);
        expect((await answer(ada, CONFIRM, { response })).status).toBe(400);
        expect((await add({ response })).status).toBe(400);
      }
      expect((await answer(newBrowser(), SIGN_UP, { response: 'null', fields: { username: 'bob' } })).status).toBe(400);
    });

    test('bytes that are not CBOR, or an attestation with a URL, cause no request and no failure', async () => {
      const { text } = await ada.get(ADD.page);
      const good = JSON.parse(key.make(optionsIn(text, 'create'))) as { response: { attestationObject: string } };
      for (const attestationObject of ['', 'AA', 'oA', '_____w', 'o2NmbXRkbm9uZQ']) {
        const response = JSON.stringify({ ...good, response: { ...good.response, attestationObject } });
        expect((await add({ response })).status).toBe(400);
      }
      // "packed" with a certificate: the attestation is ignored
      const object = Buffer.from(good.response.attestationObject, 'base64url');
      const cut = object.indexOf('fmt') + 3;
      const packed = Buffer.concat([
        object.subarray(0, cut),
        Buffer.from([0x66]),
        Buffer.from('packed'),
        Buffer.from([0x67]),
        Buffer.from('attStmt'),
        Buffer.from([0xa1, 0x63]),
        Buffer.from('x5c'),
        Buffer.from([0x81, 0x44, 1, 2, 3, 4]),
        object.subarray(object.indexOf('authData') - 1),
      ]);
      const response = JSON.stringify({
        ...good,
        response: { ...good.response, attestationObject: packed.toString('base64url') },
      });
      const sent = await ada.post(ADD.action, { _csrf: tokenFor(text, ADD.action), name: 'laptop', response });
      expect([sent.status, await passkeysOf('ada')]).toEqual([303, ['laptop']]);
    });
  });

  describe('an answer', () => {
    test('is accepted once: sent again, later or at the same time, it signs nobody in', async () => {
      await add();
      const visitor = newBrowser();
      const { text } = await visitor.get('/sign-in');
      const form = { _csrf: tokenFor(text, SIGN_IN.action), response: key.sign(optionsIn(text, 'get')) };
      const race = await Promise.all(
        Array.from({ length: 5 }, () => visitor.at(service.origin).post(SIGN_IN.action, form)),
      );
      expect(race.map(({ status }) => status).sort((a, b) => a - b)).toEqual([303, 400, 400, 400, 400]);
    });

    test('is accepted only in the browser that was asked', async () => {
      await add();
      const [one, other] = [newBrowser(), newBrowser()];
      const response = key.sign(optionsIn((await one.get('/sign-in')).text, 'get'));
      expect((await signIn({ response }, other)).status).toBe(400);
    });

    test('is accepted only for its purpose: confirming is not signing in, and neither adds a passkey', async () => {
      await add();
      const confirming = key.sign(optionsIn((await ada.get(CONFIRM.page)).text, 'get'));
      expect((await signIn({ response: confirming })).status).toBe(400);
      const eve = await newBrowser().signUp('eve');
      const made = softPasskey(ISSUER).make(optionsIn((await eve.get(ADD.page)).text, 'create'));
      expect((await add({ response: made })).status).toBe(400);
      const signedUp = softPasskey(ISSUER).make(optionsIn((await newBrowser().get('/sign-up')).text, 'create'));
      expect((await add({ response: signedUp })).status).toBe(400);
      expect([await passkeysOf('eve'), await passkeysOf('ada')]).toEqual([[], ['laptop']]);
    });

    test('of an authenticator with a counter must increase it, so that a copy is detected', async () => {
      const counting = softPasskey(ISSUER, { counter: 5 });
      await add({ passkey: counting });
      expect((await signIn({ passkey: counting })).status).toBe(303);
      expect((await signIn({ passkey: counting, odd: { counter: 6 } })).status).toBe(400);
      expect((await signIn({ passkey: counting, odd: { counter: 100 } })).status).toBe(303);
    });

    test('is accepted for an hour, as the challenge itself says, after which a used one is deleted', async () => {
      await add();
      await pool.query("update spent_challenge set expires_at = now() - interval '1 second'");
      expect((await reap(pool, { idle: 1, absolute: 1 })).challenges).toBe(1);
    });
  });
}
