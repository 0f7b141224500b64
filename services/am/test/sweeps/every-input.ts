import { tokenOf } from '@chatelaine/test-kit';
import { describe, expect, it } from '@jest/globals';
import { attacker, crawled, nobody, routes, signedOut, victim } from './scene.ts';

const ODD = [
  '%00',
  '%2e%2e%2fjwks',
  '__proto__',
  "'or'1'='1",
  '%F0%9F%97%9D',
  '%ff%fe',
  '-1',
  '9'.repeat(40),
  'x'.repeat(90),
  'x'.repeat(400),
  'con_none',
];
const ODD_TEXT = ['', '\0', '\ud800', '__proto__', "' or 1=1 --", '1e999', 'x'.repeat(9_000)];
/** Where the answer does not end. */
const STREAMS = new Set(['/changes']);

/** Anything where an id or a field is expected. */
export function everyInput(): void {
  describe('of all routes', () => {
    it('none answers an odd path or query with an error of ours', async () => {
      const { browser } = await attacker();
      for (const { method, path } of routes.filter((route) => route.method === 'GET' && !STREAMS.has(route.path)))
        for (const odd of ODD) {
          const named = path.replaceAll(/:[A-Za-z]+|\*/g, odd);
          const query = new URLSearchParams(['after', 'q', 'app', 'from', 'return_to'].map((name) => [name, odd]));
          const { status } = await browser.get(`${named}?${query.toString()}&${odd}=${odd}`);
          expect([method, path, odd, status < 500]).toEqual([method, path, odd, true]);
        }
    });

    it('none answers an odd form with an error of ours', async () => {
      const tokens = { _csrf: await tokenOf(victim.browser) };
      const own = crawled.forms.map((form) => ({ ...form, tokens, browser: victim.browser }));
      const nobodys = signedOut.forms.map((form) => ({ ...form, tokens: {}, browser: nobody }));
      for (const { browser, tokens, action, fields } of [...own, ...nobodys]) {
        const names = Object.keys(fields).filter((name) => !name.endsWith('csrf'));
        // without fields there is nothing odd to send, and some of these forms would end what the others are about
        for (const odd of names.length === 0 ? [] : ODD_TEXT) {
          const form = Object.fromEntries(names.map((name) => [name, odd]));
          const { status } = await browser.post(action, { ...fields, ...tokens, ...form, [odd]: odd });
          expect([action, odd, status < 500]).toEqual([action, odd, true]);
        }
      }
    });
  });
}
