import { describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { patience } from '@chatelaine/test-kit';
import { pieces } from '../support/pieces.ts';
import { connectAm } from '../support/world.ts';
import { world, hasty, browser, answer } from './scene.ts';

/** A page as it arrives: what there is of it once it holds `text`. */
function reading(pieces: AsyncIterator<string>) {
  let seen = '';
  return async (text: string): Promise<string> => {
    while (!seen.includes(text)) {
      const { value, done } = await pieces.next();
      if (done === true) throw new Error(`It ended without ${text}: ${seen}`);
      seen += value;
    }
    return seen;
  };
}

/** Holds a Host's answer back. */
function hold(path: string) {
  const held = Promise.withResolvers<ServerResponse>();
  world.deployment.on[path] = () => ({ raw: (response) => held.resolve(response) });
  return held.promise;
}

export function streaming(): void {
  describe('the feed comes as it comes about', () => {
    test('its head before any Host or the AM has answered, a row for each Host as it does, then entries', async () => {
      const [targets, notes] = [hold('am /targets'), hold('notes /api/entries')];
      const until = reading(pieces(browser, '/'));
      const head = await until('Asking your authorization manager');
      expect(head).not.toContain('What is new?');
      const list = await targets;
      delete world.deployment.on['am /targets'];
      const good = world.deployment.targets();
      answer(list, good);
      expect(await until('Asking 2 Hosts')).toContain('What is new?');
      const one = await until('1 of 2');
      expect(one).toContain('Photos');
      expect(one).not.toContain('A lake');
      answer(await notes, { entries: world.deployment.entries['notes'] });
      const all = await until('</html>');
      expect(all.indexOf('2 of 2')).toBeGreaterThan(all.indexOf('1 of 2'));
      expect(all.indexOf('A lake')).toBeGreaterThan(all.indexOf('Buy milk'));
      expect(all.indexOf('Buy milk')).toBeGreaterThan(all.indexOf('2 of 2'));
    });

    test('a Host that does not answer is named when the time is up, and costs only its own entries', async () => {
      const quick = browser.at(hasty);
      void hold('notes /api/entries');
      const started = performance.now();
      const page = await quick.get('/');
      // its own time for the feed, and not the five seconds that one call may take
      expect(performance.now() - started).toBeLessThan(patience(4.8));
      expect(page.words).toMatch(/Notes not reached kim.*Notes has not answered within 2 seconds/);
      expect(page.words).toMatch(/Not in here: Notes/);
      expect(page.words).toContain('A lake');
      expect(page.text.endsWith('</html>')).toBe(true);
    });

    test('an AM whose answers never come costs no more time than that', async () => {
      const quick = browser.at(hasty);
      const waiting = hold('am /transfers');
      const page = quick.get('/');
      const response = await waiting;
      const closed = new Promise((resolve) => response.once('close', resolve));
      expect((await page).words).toMatch(/Photos has not answered.*Notes has not answered/);
      await closed;
    });

    test('whoever leaves ends the calls made for them', async () => {
      const waiting = hold('am /transfers');
      const arriving = pieces(browser, '/');
      await reading(arriving)('Asking 2 Hosts');
      const response = await waiting;
      const closed = new Promise((resolve) => response.once('close', resolve));
      await arriving.return(undefined);
      await closed;
    });

    test('many Hosts are read a few at a time, and 400 entries are enough', async () => {
      const targets = Array.from({ length: 30 }, (_, index) => ({
        ...world.deployment.targets().targets[0],
        resource: `${world.deployment.resource('photos')}/${index}`,
      }));
      world.deployment.on['am /targets'] = () => ({ json: { targets } });
      let [now, most] = [0, 0];
      const entries = Array.from({ length: 20 }, (_, index) => ({
        id: String(index),
        text: `entry ${index}`,
        date: '2026-01-01',
      }));
      for (const index of targets.keys())
        world.deployment.on[`photos /api/${index}/entries`] = async () => {
          most = Math.max(most, ++now);
          await new Promise((resolve) => setImmediate(resolve));
          now -= 1;
          return { json: { entries } };
        };
      const page = await browser.get('/');
      expect(page.words.match(/Photos kim · \d+ of 30 shown/g)).toHaveLength(30);
      expect(page.words.match(/entry \d+/g)).toHaveLength(400);
      expect(page.words).toContain('The newest 400 entries are shown; 200 older ones are at your Hosts.');
      expect([world.deployment.count('am /transfers'), world.deployment.count('am /token')]).toEqual([1, 0]);
      expect(most).toBeLessThanOrEqual(8);
    });

    test('connected twice, a Host is two rows, each read with its own key, and its entries show once', async () => {
      await connectAm(world.deployment, browser);
      const page = await browser.get('/');
      expect(page.words.match(/Photos kim · \d of 4 shown/g)).toHaveLength(2);
      expect(page.words.match(/A lake/g)).toHaveLength(1);
      expect(page.words.match(/the same, over a second connection/g)).toHaveLength(2);
      expect(world.deployment.count('am /transfers')).toBe(2);
    });

    test('under the same policy as every page: nothing but our own style, pictures and forms', async () => {
      const { headers, text } = await browser.get('/');
      expect(headers['content-security-policy']).toBe(
        "default-src 'none';style-src 'self';img-src 'self';form-action 'self';frame-ancestors 'none';base-uri 'none'",
      );
      expect([headers['cache-control'], headers['content-type']]).toEqual(['no-store', 'text/html; charset=utf-8']);
      expect(text).not.toMatch(/<script|style="|\son\w+="/);
    });
  });
}
