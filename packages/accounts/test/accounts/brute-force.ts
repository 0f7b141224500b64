import { describe, expect, test } from '@jest/globals';
import { Browser, tokenFor } from '@chatelaine/test-kit';
import { startService } from '../support/service.tsx';
import { PASSWORD, pool, service, browser, signUp, signIn, from, useService, useBrowser } from './scene.ts';

export function bruteForce(): void {
  describe('brute force', () => {
    test('after 5 wrong passwords the right one is refused too, with Retry-After; elsewhere it is not', async () => {
      await signUp('ada');
      const tries = new Browser(service.origin);
      for (let n = 0; n < 5; n++) expect((await signIn('ada', `wrong ${n} wrong`, tries)).status).toBe(400);
      const blocked = await signIn('ada', PASSWORD, tries);
      expect(blocked.status).toBe(429);
      expect(Number(blocked.headers['retry-after'])).toBeGreaterThan(600);
      expect(blocked.text).toContain('too many tries');
      // counters survive a restart
      await service.app.close();
      useService(await startService({ pool, trustedProxies: ['127.0.0.1'] }));
      expect((await signIn('ada', PASSWORD, new Browser(service.origin))).status).toBe(429);
      expect((await from('203.0.113.9', '/sign-in', 'ada')).status).toBe(303);
    });

    test('guesses from all addresses count together, and lock out no known browser and no session', async () => {
      await service.app.close();
      const limits = { signInToAccount: { tries: 3, seconds: 3_600 } };
      useService(await startService({ pool, trustedProxies: ['127.0.0.1'], account: { limits } }));
      useBrowser(new Browser(service.origin));
      await signUp('ada');
      const guess = (n: number) =>
        new Browser(service.origin).submit(
          '/sign-in',
          '/sign-in',
          { username: 'ada', password: `wrong ${n} wrong` },
          { 'x-forwarded-for': `203.0.113.${n}` },
        );
      const statuses = [];
      for (let n = 1; n <= 4; n++) statuses.push((await guess(n)).status);
      expect(statuses).toEqual([400, 400, 400, 429]);
      expect((await from('203.0.113.200', '/sign-in', 'ada')).status).toBe(429);
      expect((await browser.get('/rooms')).status).toBe(200);
      await browser.submit('/rooms', '/sign-out', {});
      expect((await signIn('ada', PASSWORD)).status).toBe(303);
    });

    test('a browser known for one name is unknown for another, and with a forged number', async () => {
      await service.app.close();
      const limits = { signInToAccount: { tries: 1, seconds: 3_600 } };
      useService(await startService({ pool, account: { limits } }));
      useBrowser(new Browser(service.origin));
      await signUp('eve');
      const known = browser.cookies.get('inn-known') ?? '';
      await signUp('ada', new Browser(service.origin));
      expect((await signIn('ada', 'wrong wrong wrong', new Browser(service.origin))).status).toBe(400);
      for (const cookie of [known, `${'A'.repeat(22)}.${'A'.repeat(43)}`, 'x']) {
        const other = new Browser(service.origin, { cookies: [['inn-known', cookie]] });
        expect((await signIn('ada', PASSWORD, other)).status).toBe(429);
      }
    });

    test('a browser that is known is counted, too', async () => {
      await signUp('ada');
      await browser.submit('/rooms', '/sign-out', {});
      const statuses = [];
      for (let n = 0; n < 6; n++) statuses.push((await signIn('ada', `wrong ${n} wrong`)).status);
      expect(statuses).toEqual([400, 400, 400, 400, 400, 429]);
    });

    test('parallel tries are counted one by one', async () => {
      await signUp('ada');
      const tries = new Browser(service.origin);
      await tries.get('/sign-in');
      const page = await tries.get('/sign-in');
      const form = { _csrf: tokenFor(page.text, '/sign-in'), username: 'ada', password: 'wrong wrong wrong' };
      const answers = await Promise.all(Array.from({ length: 12 }, () => tries.post('/sign-in', form)));
      expect(answers.filter(({ status }) => status === 400)).toHaveLength(5);
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(7);
    });

    test('signing in with the right password uses up no tries', async () => {
      await signUp('ada');
      for (let n = 0; n < 8; n++) expect((await signIn('ada', PASSWORD, new Browser(service.origin))).status).toBe(303);
    });

    test('X-Forwarded-For is not trusted from anybody', async () => {
      await service.app.close();
      useService(await startService({ pool, account: { limits: { signUpFromAddress: { tries: 1, seconds: 60 } } } }));
      expect((await from('203.0.113.1', '/sign-up', 'ada')).status).toBe(303);
      expect((await from('203.0.113.2', '/sign-up', 'bob')).status).toBe(429);
    });

    test('one IPv6 network is one address', async () => {
      await service.app.close();
      useService(
        await startService({
          pool,
          trustedProxies: ['127.0.0.1'],
          account: { limits: { signUpFromAddress: { tries: 1, seconds: 60 } } },
        }),
      );
      expect((await from('2001:db8:1:2::1', '/sign-up', 'ada')).status).toBe(303);
      expect((await from('2001:DB8:1:2:ffff::2', '/sign-up', 'bob')).status).toBe(429);
      expect((await from('2001:db8:1:3::1', '/sign-up', 'cyd')).status).toBe(303);
      expect((await from('::ffff:203.0.113.7', '/sign-up', 'dee')).status).toBe(303);
      expect((await from('203.0.113.7', '/sign-up', 'eli')).status).toBe(429);
    });

    test('the networks of a site are counted together, and so are all sign-ups', async () => {
      await service.app.close();
      const limits = { signUpFromNetwork: { tries: 2, seconds: 60 }, signUpInAll: { tries: 4, seconds: 60 } };
      useService(await startService({ pool, trustedProxies: ['127.0.0.1'], account: { limits } }));
      const statuses: number[] = [];
      for (const [n, ip] of [
        '2001:db8:1:1::1',
        '2001:db8:1:2::1',
        '2001:db8:1:3::1',
        '2001:db8:2::1',
        '203.0.113.1',
        '203.0.113.2',
      ].entries())
        statuses.push((await from(ip, '/sign-up', `person${n}`)).status);
      expect(statuses).toEqual([303, 303, 429, 303, 303, 429]);
    });

    test('when too many wait for the hash, the next is refused with Retry-After', async () => {
      await service.app.close();
      useService(
        await startService({
          pool,
          account: { passwords: { parallel: 1, queue: 1 }, limits: { signIn: { tries: 100, seconds: 60 } } },
        }),
      );
      const tries = new Browser(service.origin);
      await tries.get('/sign-in');
      const token = tokenFor((await tries.get('/sign-in')).text, '/sign-in');
      const form = { _csrf: token, username: 'ada', password: 'wrong wrong wrong' };
      const answers = await Promise.all(Array.from({ length: 10 }, () => tries.post('/sign-in', form)));
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused[0]?.headers['retry-after']).toBe('3');
      expect(answers.filter(({ status }) => status === 400).length).toBeGreaterThan(0);
    });
  });
}
