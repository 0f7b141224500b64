import { describe, expect, test } from '@jest/globals';
import type { Browser } from '@chatelaine/test-kit';
import { PASSWORD, tokenFor } from '@chatelaine/test-kit';
import {
  NEW_PASSWORD,
  mail,
  pool,
  service,
  ada,
  start,
  newBrowser,
  pathIn,
  tokenIn,
  setEmail,
  confirm,
  hasAddress,
  forgot,
  reset,
  addressOf,
  askInstead,
} from './scene.ts';

const isSignedIn = async (browser: Browser): Promise<boolean> => (await browser.get('/rooms')).status === 200;

const signIn = async (password: string, username = 'ada'): Promise<Browser> => {
  const browser = newBrowser();
  await browser.submit('/sign-in', '/sign-in', { username, password });
  return browser;
};

export function newPassword(): void {
  describe('a new password by mail', () => {
    test('changes the password and nothing else, ends every session, and tells the owner', async () => {
      const sent = await hasAddress('ada@example.com');
      expect((await forgot('ada')).words).toContain('If there is an account');
      const received = await mail.arrived(sent + 1);
      expect([received.to, received.header['subject']]).toEqual([['ada@example.com'], 'A new password for The Inn']);
      expect(received.text).toContain('your account "ada"');
      expect((await newBrowser().get(pathIn(received))).words).toContain('New password of ada');
      expect(await isSignedIn(ada)).toBe(true);
      const done = await reset(pathIn(received));
      expect(done.words).toContain('Your new password is set');
      expect(await isSignedIn(ada)).toBe(false);
      expect([await isSignedIn(await signIn(PASSWORD)), await isSignedIn(await signIn(NEW_PASSWORD))]).toEqual([
        false,
        true,
      ]);
      expect((await mail.arrived(sent + 2)).text).toContain('was set anew by a link');
      expect(await addressOf()).toBe('ada@example.com');
    });

    test('works once, also at the same time; a password that breaks the rules does not use it up', async () => {
      const sent = await hasAddress('ada@example.com');
      await forgot('ada@EXAMPLE.com');
      const path = pathIn(await mail.arrived(sent + 1));
      expect((await reset(path, 'short')).status).toBe(400);
      const answers = await Promise.all(Array.from({ length: 4 }, (_, n) => reset(path, `${NEW_PASSWORD} ${n}`)));
      expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 400, 400, 400]);
      expect((await newBrowser().get(path)).status).toBe(400);
    });

    test('works for 15 minutes, with the newest link only, and only while the address is the same', async () => {
      let sent = await hasAddress('ada@example.com');
      await forgot('ada');
      const first = await mail.arrived(++sent);
      await forgot('ada');
      const second = await mail.arrived(++sent);
      expect((await newBrowser().get(pathIn(first))).status).toBe(400);
      await pool.query("update mail_token set expires_at = now() - interval '1 second'");
      expect((await reset(pathIn(second))).status).toBe(400);
      await forgot('ada');
      const third = await mail.arrived(++sent);
      await pool.query("update account set email = 'other@example.com'");
      expect((await reset(pathIn(third))).status).toBe(400);
      expect(await isSignedIn(await signIn(PASSWORD))).toBe(true);
    });

    test('is not set by a link from before the password was changed', async () => {
      const sent = await hasAddress('ada@example.com');
      await forgot('ada');
      const path = pathIn(await mail.arrived(sent + 1));
      expect((await newBrowser().get(path)).status).toBe(200);
      expect(
        (await ada.submit('/account/password', '/account/password', { password: 'a third long one' })).status,
      ).toBe(303);
      expect([(await newBrowser().get(path)).status, (await reset(path)).status]).toEqual([400, 400]);
      expect(await isSignedIn(await signIn('a third long one'))).toBe(true);
    });

    test('can be asked for on the way to a page, to which every other link still leads', async () => {
      const browser = newBrowser();
      const way = `return_to=${encodeURIComponent('/rooms?floor=2')}`;
      const pages = [
        await browser.get(`/sign-in?${way}`),
        await browser.get(`/sign-in/forgot?${way}`),
        await browser.submit(`/sign-in/forgot?${way}`, '/sign-in/forgot', { who: 'ada' }),
      ];
      const links = pages.flatMap(({ text }) => [...text.matchAll(/href="(\/sign-in[^"]*)"/g)].map(([, href]) => href));
      expect(links).toEqual(
        ['/sign-in/forgot', '/sign-in/recovery', '/sign-in', '/sign-in/forgot'].map((at) => `${at}?${way}`),
      );
    });

    test('is not a confirmation of the address, nor the other way round', async () => {
      const sent = await hasAddress('ada@example.com');
      await setEmail('ada@example.org');
      const confirming = await mail.arrived(sent + 1);
      expect((await newBrowser().get(`/sign-in/reset?token=${tokenIn(confirming)}`)).status).toBe(400);
      await forgot('ada');
      const resetting = await mail.arrived(sent + 2);
      expect((await confirm(`/account/email/confirm?token=${tokenIn(resetting)}`)).status).toBe(400);
      expect(await addressOf()).toBe('ada@example.com');
    });

    test('gets the same answer whether or not there is an account, and sends nothing if there is none', async () => {
      const sent = await hasAddress('ada@example.com');
      await newBrowser().signUp('eve');
      const answers = [];
      for (const who of ['nobody', 'nobody@example.com', 'eve', '', 'x'.repeat(300), 'a@b\nc'])
        answers.push(await forgot(who));
      answers.push(await forgot('ada'));
      await mail.arrived(sent + 1);
      const plain = (text: string) => text.replaceAll(/value="[^"]*"/g, '');
      expect(new Set(answers.map(({ status, text }) => `${status} ${plain(text)}`)).size).toBe(1);
      expect(mail.mails).toHaveLength(sent + 1);
    });

    test('is sent for each account of an address, by name, and at most three times an hour', async () => {
      let sent = await hasAddress('both@example.com');
      const bob = await newBrowser().signUp('bob');
      sent = await hasAddress('both@example.com', bob);
      await forgot('both@example.com');
      const texts = [await mail.arrived(sent + 1), await mail.arrived(sent + 2)].map(({ text }) => text);
      expect(texts.some((text) => text.includes('"ada"')) && texts.some((text) => text.includes('"bob"'))).toBe(true);
      for (let n = 0; n < 5; n++) expect((await forgot('ada')).status).toBe(200);
      await forgot('nobody');
      // waits until everything has been sent
      await service.app.close();
      const { rows } = await pool.query('select 1 from mail_token');
      expect([rows.length, mail.mails.length <= sent + 4]).toEqual([2, true]);
    });

    test('can be asked for at most twenty times an hour from one network', async () => {
      await service.app.close();
      askInstead(await start({ limits: { mailFromAddress: { tries: 2, seconds: 3_600 } } }));
      const statuses = [];
      for (const who of ['ada', 'nobody', 'bob']) statuses.push((await forgot(who)).status);
      expect(statuses).toEqual([200, 200, 429]);
    });

    test('requires the token of its form', async () => {
      expect((await newBrowser().post('/sign-in/forgot', { who: 'ada' })).status).toBe(403);
      expect((await newBrowser().post('/sign-in/reset', { token: 'x', password: NEW_PASSWORD })).status).toBe(403);
    });

    test('begins with the issuer, whatever host a request names', async () => {
      const sent = await hasAddress('ada@example.com');
      const visitor = newBrowser();
      const { text } = await visitor.get('/sign-in/forgot');
      const form = { _csrf: tokenFor(text, '/sign-in/forgot'), who: 'ada' };
      await visitor.post('/sign-in/forgot', form, { host: 'evil.example', 'x-forwarded-host': 'evil.example' });
      const received = await mail.arrived(sent + 1);
      expect(received.text).toContain('https://inn.example/sign-in/reset?token=');
      expect(received.text).not.toContain('evil');
    });
  });
}
