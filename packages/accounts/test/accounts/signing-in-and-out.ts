import { describe, expect, test } from '@jest/globals';
import { type Answer, Browser } from '@chatelaine/test-kit';
import { PASSWORD, pool, service, browser, signUp, signIn } from './scene.ts';

export function signingInAndOut(): void {
  describe('signing up, in and out', () => {
    test('an account is made, signed in, named on the page, signed out and signed in again', async () => {
      expect((await browser.get('/rooms')).headers['location']).toBe('/sign-in?return_to=%2Frooms');
      const made = await signUp('ada');
      expect([made.status, made.headers['location']]).toEqual([303, '/rooms']);
      expect((await browser.get('/rooms')).text).toContain('Rooms of ada');
      const out = await browser.submit('/rooms', '/sign-out', {});
      expect([out.status, out.headers['location']]).toEqual([303, '/']);
      expect((await browser.get('/rooms')).status).toBe(303);
      const back = await browser.submit('/sign-in?return_to=/rooms%3Fa%3D1', '/sign-in', {
        username: 'Ada ',
        password: PASSWORD,
        return_to: '/rooms?a=1',
      });
      expect([back.status, back.headers['location']]).toEqual([303, '/rooms?a=1']);
    });

    test('keep the opener of a window, which may wait for its app’s answer; no other page does', async () => {
      const opener = ({ headers }: Answer) => headers['cross-origin-opener-policy'];
      const onTheWay = [
        await browser.get('/sign-in?return_to=%2Frooms'),
        await browser.get('/sign-up'),
        await signIn('nobody', PASSWORD),
        await signUp('ada'),
        await browser.get('/sign-in'),
      ];
      expect(onTheWay.map(({ status }) => status)).toEqual([200, 200, 400, 303, 303]);
      expect(onTheWay.map(opener)).toEqual(onTheWay.map(() => undefined));
      expect(opener(await browser.get('/rooms'))).toBe('same-origin');
    });

    test('a username that is taken or malformed, and a short password, are reported beside the field', async () => {
      await signUp('ada');
      const other = new Browser(service.origin);
      expect((await signUp('ADA', other)).text).toContain('This username is taken');
      for (const name of ['ab', '1ada', 'ада', 'a b c', '<b>x</b>'])
        expect((await signUp(name, other)).status).toBe(400);
      const short = await other.submit('/sign-up', '/sign-up', { username: 'bob', password: 'short' });
      expect([short.status, short.text.includes('at least 10 characters')]).toEqual([400, true]);
      const { rows } = await pool.query('select username from account');
      expect(rows).toEqual([{ username: 'ada' }]);
    });

    test('the password is stored as argon2id with 19 MiB, two passes, one lane', async () => {
      await signUp('ada');
      const { rows } = await pool.query<{ password_hash: string }>('select password_hash from account');
      expect(rows[0]?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,(t=2,p=1|p=1,t=2)\$/);
    });

    test('an unknown user and a wrong password get the same answer', async () => {
      await signUp('ada');
      const a = await signIn('ada', 'not the password', new Browser(service.origin));
      const b = await signIn('bob', 'not the password', new Browser(service.origin));
      const plain = (text: string) => text.replaceAll(/(value|data-options)="[^"]*"/g, '');
      expect([a.status, plain(a.text)]).toEqual([b.status, plain(b.text)]);
      expect(a.text).toContain('Username or password is not right.');
    });

    test('whatever is typed is shown as inert text', async () => {
      const page = await signIn('"><script>alert(1)</script>', 'x');
      expect(page.text).not.toContain('<script>');
    });
  });
}
