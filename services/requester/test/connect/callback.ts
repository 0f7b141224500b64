import { describe, expect, test } from '@jest/globals';
import { Browser, send } from '@chatelaine/test-kit';
import { authorizationUrlOf, signUp } from '../support/world.ts';
import { world, origin } from './scene.ts';

export function callback(): void {
  describe('a callback is a 400 page without any token call when', () => {
    const started = async () => {
      const browser = await signUp(origin);
      const page = await browser.submit('/connect', '/connect', { am: world.deployment.am });
      return { browser, path: world.deployment.agree(authorizationUrlOf(page)) };
    };
    const refused = async (browser: Browser, path: string) => {
      const before = world.deployment.count('am /token');
      const page = await browser.get(path);
      expect(page.status).toBe(400);
      expect(page.headers['content-type']).toMatch(/^text\/html/);
      expect(world.deployment.count('am /token')).toBe(before);
    };

    test('its state is missing, made up or repeated', async () => {
      const { browser, path } = await started();
      await refused(browser, '/callback');
      await refused(browser, path.replace(/state=[^&]+&/, ''));
      await refused(browser, path.replace(/state=[^&]+/, 'state=made-up'));
      await refused(browser, `${path}&state=x`);
      expect((await browser.get(path)).status).toBe(303);
    });

    test('it was used before', async () => {
      const { browser, path } = await started();
      expect((await browser.get(path)).status).toBe(303);
      await refused(browser, path);
    });

    test('somebody else started it, signed in or not', async () => {
      const { browser, path } = await started();
      await refused(await signUp(origin), path);
      await refused(new Browser(origin), path);
      expect((await browser.get(path)).status).toBe(303);
    });

    test('the browser signed out and in between', async () => {
      const browser = new Browser(origin);
      const who = { username: 'robin', password: 'a long enough password' };
      await browser.submit('/sign-up', '/sign-up', who);
      const page = await browser.submit('/connect', '/connect', { am: world.deployment.am });
      const path = world.deployment.agree(authorizationUrlOf(page));
      await browser.submit('/connect', '/sign-out', {});
      await browser.submit('/sign-in', '/sign-in', who);
      await refused(browser, path);
    });

    test('it was started ten minutes ago, by the clock of the database', async () => {
      const { browser, path } = await started();
      await world.sql(`update connect_state set expires_at = now()`);
      await refused(browser, path);
    });

    test('iss is missing or of another server', async () => {
      for (const iss of ['', '&iss=http://evil.localhost']) {
        const { browser, path } = await started();
        await refused(browser, path.replace(/&iss=[^&]+/, iss));
      }
    });

    test('HEAD, which only looks, shows nothing and uses up neither state nor code', async () => {
      const { browser, path } = await started();
      const before = world.deployment.received.length;
      const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      for (const headers of [{ cookie }, {}]) {
        const looked = await send(Number(new URL(origin).port), { method: 'HEAD', path, headers });
        expect([looked.status, looked.text, looked.headers['location']]).toEqual([200, '', undefined]);
      }
      expect(world.deployment.received).toHaveLength(before);
      const back = await browser.get(path);
      expect([back.status, back.headers['location']]).toEqual([303, '/connections']);
    });

    test('two arrive at once: one connects', async () => {
      const { browser, path } = await started();
      const before = world.deployment.count('am /token');
      const pages = await Promise.all([browser.get(path), browser.get(path)]);
      expect(new Set(pages.map((page) => page.status))).toEqual(new Set([303, 400]));
      expect(world.deployment.count('am /token')).toBe(before + 1);
    });
  });

  test('what the AM says in a refusal is shown inert', async () => {
    const browser = await signUp(origin);
    const page = await browser.submit('/connect', '/connect', { am: world.deployment.am });
    const state =
      new URLSearchParams(world.deployment.agree(authorizationUrlOf(page)).split('?')[1]).get('state') ?? '';
    const evil = '<script>alert(1)</script>';
    const query = new URLSearchParams({ error: evil, error_description: evil, state, iss: world.deployment.am });
    const refused = await browser.get(`/callback?${query.toString()}`);
    expect(refused.status).toBe(400);
    expect(refused.text).not.toContain('<script');
  });
}
