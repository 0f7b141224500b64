import { describe, expect, test } from '@jest/globals';
import { PASSWORD } from '@chatelaine/test-kit';
import { optionsIn, softPasskey } from '../support/authenticator.ts';
import { startService } from '../support/service.tsx';
import {
  ISSUER,
  pool,
  service,
  key,
  newBrowser,
  answer,
  hidden,
  SIGN_UP,
  add,
  signIn,
  passkeysOf,
  askInstead,
} from './scene.ts';

export function signingUp(): void {
  describe('signing up with a passkey', () => {
    const signUp = (username: string, by: Parameters<typeof answer>[2] = {}, browser = newBrowser()) =>
      answer(browser, SIGN_UP, { ...by, fields: { username, ...by.fields } });

    test('makes an account without a password, to which no password signs in', async () => {
      const bob = newBrowser();
      expect((await signUp('Bob ', {}, bob)).headers['location']).toBe('/rooms');
      expect((await bob.get('/rooms')).text).toContain('Rooms of bob');
      for (const password of ['', PASSWORD]) {
        const tried = await newBrowser().submit('/sign-in', '/sign-in', { username: 'bob', password });
        expect(tried.status).toBe(400);
      }
      expect((await signIn()).status).toBe(303);
    });

    test('keeps the only passkey, which can be removed once there is a password', async () => {
      const bob = newBrowser();
      await signUp('bob', {}, bob);
      const remove = () => bob.submit('/account/passkeys', '/account/passkeys/remove', { passkey: key.id });
      expect([(await remove()).status, await passkeysOf('bob')]).toEqual([400, ['Unknown browser']]);
      await bob.submit('/account/password', '/account/password', { password: PASSWORD });
      expect([(await remove()).status, await passkeysOf('bob')]).toEqual([303, []]);
    });

    test('with a taken or malformed name makes no account, and the next try is for the same user id', async () => {
      const bob = newBrowser();
      const taken = await signUp('ada', {}, bob);
      expect([taken.status, taken.words.includes('taken')]).toEqual([400, true]);
      const user = (text: string) => /name="user" value="([^"]*)"/.exec(text)?.[1];
      expect(user(taken.text)).toMatch(/^[\w-]{22}$/);
      const response = key.make(optionsIn(taken.text, 'create'));
      const form = { ...hidden(taken.text, SIGN_UP.action), username: 'bob', response };
      expect((await bob.post(SIGN_UP.action, form)).status).toBe(303);
      expect((await pool.query('select 1 from account')).rowCount).toBe(2);
    });

    test('for the user id of an existing account, or one that was not offered, makes no account', async () => {
      const { rows } = await pool.query<{ id: string }>('select id from account');
      for (const user of [rows[0]?.id.slice(4) ?? '', 'x', ''])
        expect((await signUp('bob', { fields: { user } })).status).toBe(400);
      expect((await pool.query('select 1 from account')).rowCount).toBe(1);
    });

    test('with a passkey that exists makes no account', async () => {
      await add();
      expect((await signUp('bob')).status).toBe(400);
      expect((await pool.query('select 1 from account')).rowCount).toBe(1);
    });

    test('is counted like any other', async () => {
      await service.app.close();
      const account = { limits: { signUpFromAddress: { tries: 2, seconds: 3_600 } } };
      askInstead(await startService({ pool, issuer: ISSUER, account }));
      expect((await signUp('bob')).status).toBe(303);
      expect((await signUp('cyd', { passkey: softPasskey(ISSUER) })).status).toBe(429);
    });
  });
}
