import { describe, expect, test } from '@jest/globals';
import { eventually, tokenFor } from '@chatelaine/test-kit';
import { reap } from '../../src/index.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { createSmtpMailer } from '../../src/mail/mailer.ts';
import {
  NEW_PASSWORD,
  FROM,
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
  addressOf,
  askInstead,
} from './scene.ts';

export function address(): void {
  describe('an address', () => {
    test('is confirmed by the button at the link in a mail, and belongs to the account only then', async () => {
      expect((await setEmail('Ada@Example.COM')).headers['location']).toBe('/account/email');
      expect((await ada.get('/account/email')).words).toContain('A mail is on its way to Ada@example.com');
      const received = await mail.arrived(1);
      expect([received.to, received.header['from'], received.header['subject']]).toEqual([
        ['Ada@example.com'],
        FROM,
        'Confirm your address at The Inn',
      ]);
      expect(received.header['auto-submitted']).toBe('auto-generated');
      // mail servers open links, which must have no effect
      expect((await ada.get(pathIn(received))).words).toContain('becomes that of ada');
      expect(await addressOf()).toBeNull();
      expect((await confirm(pathIn(received))).headers['location']).toBe('/account?done=address');
      expect(await addressOf()).toBe('Ada@example.com');
      expect((await confirm(pathIn(received))).status).toBe(400);
    });

    test('is confirmed by its own account only, within 15 minutes, and by the newest mail only', async () => {
      await setEmail('ada@example.com');
      await setEmail('ada@example.org');
      const [first, second] = [await mail.arrived(1), await mail.arrived(2)];
      const eve = await newBrowser().signUp('eve');
      expect((await confirm(pathIn(second), eve)).status).toBe(400);
      expect((await confirm(pathIn(first))).status).toBe(400);
      await pool.query("update mail_token set expires_at = now() - interval '1 second'");
      expect((await confirm(pathIn(second))).status).toBe(400);
      expect([await addressOf('eve'), await addressOf()]).toEqual([null, null]);
      expect((await reap(pool, { idle: 1, absolute: 1 })).mailTokens).toBe(1);
      expect((await newBrowser().get(pathIn(second))).headers['location']).toMatch(/^\/sign-in\?return_to=/);
    });

    test('that is changed or removed is notified of that', async () => {
      const sent = await hasAddress('ada@example.com');
      await hasAddress('ada@example.org');
      const recipients = (await mail.arrived(sent + 2)).to;
      expect(recipients).toEqual(['ada@example.com']);
      await ada.submit('/account/email', '/account/email/remove');
      const last = await mail.arrived(sent + 3);
      expect([last.to, await addressOf()]).toEqual([['ada@example.org'], null]);
      expect(last.text).toContain('changed or removed');
    });

    test.each([
      'x',
      '@example.com',
      'a@b',
      'a b@example.com',
      'a@example.com, b@example.com',
      'a@example.com\r\nBcc: eve@example.com',
      'a@example.com%0d%0aBcc:eve@example.com',
      '"a b"@example.com',
      'a@example.com>',
      '<a@example.com>',
      'a@[127.0.0.1]',
      'ä@example.com',
      `${'x'.repeat(65)}@example.com`,
      `a@${'x'.repeat(250)}.com`,
      'a@-example.com',
      'a..b@example.com',
    ])('%j is none: nothing is sent', async (given) => {
      expect(parseAddress(given)).toBeNull();
    });

    test('that is malformed is refused beside the field, and nothing is sent', async () => {
      const answer = await setEmail('a@example.com\nBcc: eve@example.com');
      expect([answer.status, answer.words.includes('no address')]).toEqual([400, true]);
      expect(mail.mails).toEqual([]);
    });

    test('requires a fresh sign-in to be entered or removed', async () => {
      await hasAddress('ada@example.com');
      const form = { _csrf: tokenFor((await ada.get('/account')).text, '/sign-out'), email: 'eve@example.com' };
      await pool.query("update session set created_at = now() - interval '1 hour'");
      for (const path of ['/account/email', '/account/email/remove'])
        expect((await ada.post(path, form)).headers['location']).toMatch(/^\/account\/confirm/);
      expect(await addressOf()).toBe('ada@example.com');
    });

    test('gets at most five mails an hour, whoever asks for them', async () => {
      const eve = await newBrowser().signUp('eve');
      const statuses = [];
      for (const browser of [ada, ada, ada, eve, eve, eve])
        statuses.push((await setEmail('eve@example.com', browser)).status);
      expect(statuses).toEqual([303, 303, 303, 303, 303, 429]);
    });
  });

  describe('an owner', () => {
    test('gets a mail about a new password and recovery codes, made and used, linking to the front page', async () => {
      let sent = await hasAddress('ada@example.com');
      const codes = (await ada.submit('/account/recovery', '/account/recovery')).text;
      expect((await mail.arrived(++sent)).text).toContain('New recovery codes were made');
      const [, code = ''] = /<code>([^<]+)/.exec(codes) ?? [];
      await newBrowser().submit('/sign-in/recovery', '/sign-in/recovery', { username: 'ada', code });
      expect((await mail.arrived(++sent)).text).toContain('with one of your recovery codes');
      await ada.submit('/account/password', '/account/password', { password: NEW_PASSWORD });
      const received = await mail.arrived(++sent);
      expect(received.text).toContain('The password of your account was changed');
      expect(received.text).not.toContain('token=');
    });
  });

  describe('mail', () => {
    test('is not sent without settings: the page explains the other ways, and asks for no address', async () => {
      await service.app.close();
      askInstead(await start({ mail: null }));
      const page = await newBrowser().get('/sign-in/forgot');
      expect([page.status, page.words.includes('by e-mail'), page.words.includes('recovery code')]).toEqual([
        200,
        false,
        true,
      ]);
      expect((await ada.at(service.origin).get('/account/email')).status).toBe(404);
      expect((await newBrowser().get('/sign-in/reset?token=x')).status).toBe(404);
      expect((await ada.at(service.origin).get('/account')).words).not.toContain('E-mail');
    });

    test('that the server defers is sent again; one it refuses is logged, without address or text', async () => {
      const sent = await hasAddress('ada@example.com');
      mail.refuse(1);
      await forgot('ada');
      await mail.arrived(sent + 1);
      mail.refuse(2);
      await forgot('ada');
      const line = await eventually(() => service.log.find(({ msg }) => msg === 'a mail could not be sent'));
      expect(line).toMatchObject({ what: 'reset', failure: 'EMESSAGE' });
      const log = JSON.stringify(service.log);
      expect(log).not.toContain('ada@example.com');
      expect(log).not.toContain(tokenIn(await mail.arrived(sent + 1)));
    });

    test('leaves only the hash of its token in the database', async () => {
      await setEmail('ada@example.com');
      const token = tokenIn(await mail.arrived(1));
      const { rows } = await pool.query<{ row: string }>('select row_to_json(mail_token)::text as row from mail_token');
      expect(token).toHaveLength(43);
      expect(rows[0]?.row).not.toContain(token);
    });

    test('is never sent in clear except to this machine', async () => {
      // the same server under an address that is not recognized as this machine
      const url = `smtp://[::ffff:127.0.0.1]:${mail.port}`;
      const mailer = createSmtpMailer({ url, from: FROM });
      await expect(mailer.send({ to: 'ada@example.com', subject: 'x', text: 'x' })).rejects.toThrow(/TLS/);
      mailer.close();
      expect(mail.mails).toEqual([]);
    });
  });
}
