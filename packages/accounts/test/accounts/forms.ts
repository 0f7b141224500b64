import { describe, expect, test } from '@jest/globals';
import { Browser, FORM, tokenFor } from '@chatelaine/test-kit';
import { PASSWORD, service, browser, signUp } from './scene.ts';

export function forms(): void {
  describe('forms', () => {
    const body = (token: string) => ({ _csrf: token, username: 'ada', password: PASSWORD });

    test.each(['/sign-in', '/sign-up', '/sign-out', '/rooms'])(
      '%s without a token, or with another browser’s, is 403 and says what to do',
      async (path) => {
        await signUp('bob');
        const foreign = new Browser(service.origin);
        await signUp('eve', foreign);
        const foreignToken = tokenFor((await foreign.get('/rooms')).text, '/rooms');
        for (const token of ['', 'x', foreignToken]) {
          const answer = await browser.post(path, body(token));
          expect([answer.status, answer.text.includes('reload the page')]).toEqual([403, true]);
        }
      },
    );

    test('a token from before sign-in, or of the previous session, is invalid afterwards', async () => {
      const early = tokenFor((await browser.get('/sign-in')).text, '/sign-in');
      await signUp('ada');
      expect((await browser.post('/rooms', body(early))).status).toBe(403);
      const first = tokenFor((await browser.get('/rooms')).text, '/rooms');
      await browser.post('/sign-in', body(first));
      expect((await browser.post('/rooms', body(first))).status).toBe(403);
    });

    test('the token of a page works for each of its forms', async () => {
      await signUp('ada');
      const page = (await browser.get('/rooms')).text;
      expect(tokenFor(page, '/rooms')).toBe(tokenFor(page, '/sign-out'));
      expect((await browser.post('/rooms', body(tokenFor(page, '/rooms')))).status).toBe(200);
    });

    test.each<[Record<string, string>, number]>([
      [{ 'sec-fetch-site': 'cross-site' }, 403],
      [{ 'sec-fetch-site': 'same-site' }, 403],
      [{ origin: 'https://evil.example' }, 403],
      [{ origin: 'null', 'sec-fetch-site': 'cross-site' }, 403],
      [{ origin: 'null' }, 200], // the same from browsers without Fetch Metadata: the form's token alone decides
      [{ origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }, 403],
      // what browsers send under Referrer-Policy: no-referrer
      [{ origin: 'null', 'sec-fetch-site': 'same-origin' }, 200],
      [{ origin: 'http://127.0.0.1:1' }, 200],
    ])('a good token with %j is %i', async (headers, status) => {
      await signUp('ada');
      expect((await browser.submit('/rooms', '/rooms', { a: '1' }, headers)).status).toBe(status);
    });

    test('Origin: null without Fetch Metadata needs the token of the same session', async () => {
      await signUp('ada');
      const foreign = tokenFor((await browser.get('/rooms')).text, '/rooms');
      const own = new Browser(service.origin);
      await own.submit('/sign-up', '/sign-up', { username: 'bob', password: PASSWORD });
      for (const token of ['', foreign])
        expect((await own.post('/rooms', body(token), { origin: 'null' })).status).toBe(403);
    });

    test('a route outside of pages does nothing on the strength of the cookie', async () => {
      await signUp('ada');
      expect((await browser.post('/api/careless', 'a=1')).status).toBe(500);
    });

    test.each([
      ['a name given twice', 'username=a&username=b'],
      ['invalid UTF-8', 'username=%ff%fe'],
      ['a broken escape', 'username=%zz'],
      ['NUL', 'username=a%00b'],
      ['too many pairs', Array.from({ length: 1001 }, (_, n) => `k${n}=1`).join('&')],
    ])('%s is a 400 page', async (_what, form) => {
      const token = tokenFor((await browser.get('/sign-in')).text, '/sign-in');
      const answer = await browser.post('/sign-in', `_csrf=${token}&${form}`);
      expect([answer.status, answer.headers['content-type']]).toEqual([400, 'text/html; charset=utf-8']);
    });

    test.each([['application/json'], ['text/plain'], ['multipart/form-data; boundary=x']])(
      '%s to a form is 415',
      async (type) => {
        expect((await browser.post('/sign-in', '{}', { 'content-type': type })).status).toBe(415);
      },
    );

    test('no body at all is 415, a body over 64 KB is 413', async () => {
      expect((await browser.post('/sign-in', '', { 'content-type': '' })).status).toBe(415);
      expect((await browser.post('/sign-in', `a=${'x'.repeat(70_000)}`)).status).toBe(413);
      expect((await browser.post('/sign-in', 'a=1', { 'content-type': `${FORM}; charset=utf-8` })).status).toBe(403);
    });
  });

  describe('return_to', () => {
    test('never leads away from this site after signing in', async () => {
      await signUp('ada');
      for (const returnTo of ['//evil.example', '/\\evil.example', '/.//evil.example']) {
        const answer = await new Browser(service.origin).submit('/sign-in', '/sign-in', {
          username: 'ada',
          password: PASSWORD,
          return_to: returnTo,
        });
        expect([answer.status, answer.headers['location']]).toEqual([303, '/rooms']);
      }
    });
  });
}
