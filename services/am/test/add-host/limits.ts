import { describe, expect, test } from '@jest/globals';
import { person, world } from './scene.ts';

/** How many Hosts may be tried, and that response times reveal nothing. */
export function rateLimits(): void {
  describe('how much may be tried', () => {
    test('an owner who typed ten addresses in an hour waits, at every process; others do not', async () => {
      const limits = { ...world.config.limits, hostsAddedPerHour: 10 };
      const [first, second] = [await world.replica({ limits }), await world.replica({ limits })];
      const eager = await world.person();
      const statuses: number[] = [];
      for (let n = 0; n < 11; n++) {
        const at = eager.browser.at(n % 2 === 0 ? first.port : second.port);
        statuses.push((await at.submit('/hosts/add', '/hosts/add', { host: 'nowhere.invalid' })).status);
      }
      expect(statuses).toEqual([...Array<number>(10).fill(400), 429]);
      const refused = await eager.browser
        .at(second.port)
        .submit('/hosts/add', '/hosts/add', { host: world.host.issuer });
      expect(refused.status).toBe(429);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect(
        (await person.browser.at(first.port).submit('/hosts/add', '/hosts/add', { host: world.host.issuer })).status,
      ).toBe(200);
      await first.close();
      await second.close();
    });

    test('an address where nothing fits takes the same time, whatever is there', async () => {
      const limits = { ...world.config.limits, discoveryFailureSeconds: 0.5 };
      const slow = await world.replica({ limits });
      const at = person.browser.at(slow.port);
      const times: number[] = [];
      world.host.behaviour.metadata = () => null;
      for (const address of [world.host.issuer, '10.0.0.1', 'nowhere.invalid']) {
        const started = performance.now();
        await at.submit('/hosts/add', '/hosts/add', { host: address });
        times.push(performance.now() - started);
      }
      expect(Math.min(...times)).toBeGreaterThanOrEqual(495);
      await slow.close();
    });
  });
}
