import http from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { drain } from '../../src/index.ts';
import { eventually, send } from '@chatelaine/test-kit';
import { service, browser, restart, refused } from './scene.ts';

export function startAndStop(): void {
  describe('coming and going', () => {
    test('a start has no time limit: no plugin or hook times out on a busy machine', () => {
      expect(service.app.initialConfig.pluginTimeout).toBe(0);
    });

    test('/readyz names what is missing, and recovers when it is back', async () => {
      let works = false;
      await restart({
        readyEverySeconds: 0.01,
        ready: {
          kitchen: async () => (works ? undefined : Promise.reject(new Error('cold'))),
          roof: async () => undefined,
        },
      });
      const missing = await browser.get('/readyz');
      expect([missing.status, missing.json]).toEqual([503, { status: 'not ready', waiting_for: ['kitchen'] }]);
      works = true;
      await eventually(async () => (await browser.get('/readyz')).status === 200);
      works = false;
      await eventually(async () => (await browser.get('/readyz')).status === 503);
      // a line for each change, not for each check
      expect(service.log.filter(({ msg }) => msg === 'not ready')).toHaveLength(2);
    });

    test('/readyz runs no check per request: it answers with the result of the last one', async () => {
      let looks = 0;
      await restart({ readyEverySeconds: 3_600, ready: { kitchen: async () => (looks += 1) } });
      const answers = await Promise.all(Array.from({ length: 100 }, () => browser.get('/readyz')));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(looks).toBe(1);
    });

    test('draining: it becomes not ready, then finishes requests in flight and refuses new connections', async () => {
      let arrive = () => undefined as void;
      let leave = () => undefined as void;
      const arrived = new Promise<void>((resolve) => (arrive = resolve));
      const gate = new Promise<void>((resolve) => (leave = resolve));
      let closed = false;
      await restart({
        routes: async (app) => {
          app.addHook('onClose', async () => void (closed = true));
          app.get('/slow', async () => {
            arrive();
            await gate;
            return { ok: true };
          });
        },
      });
      const agent = new http.Agent({ keepAlive: true });
      const slow = send(browser.port, { path: '/slow', agent });
      await arrived;
      const drained = drain(service.app, { noticeMs: 1_000 });
      const readyz = await browser.get('/readyz');
      expect([readyz.status, readyz.json]).toEqual([503, { status: 'draining' }]);
      await refused();
      expect(closed).toBe(false);
      leave();
      const last = await slow;
      // a kept-alive connection would otherwise delay the end until the grace period is over
      expect([last.status, last.headers['connection']]).toEqual([200, 'close']);
      await drained;
      expect(closed).toBe(true);
    });

    test('draining does not wait longer than its grace period', async () => {
      let arrive = () => undefined as void;
      const arrived = new Promise<void>((resolve) => (arrive = resolve));
      await restart({
        routes: async (app) => {
          app.get('/never', () => {
            arrive();
            return new Promise(() => undefined);
          });
        },
      });
      const never = browser.get('/never').catch(() => 'cut');
      await arrived;
      await drain(service.app, { graceMs: 100 });
      expect(await never).toBe('cut');
    });
  });
}
