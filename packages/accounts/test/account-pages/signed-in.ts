import { describe, expect, test } from '@jest/globals';
import { Browser, tokenFor } from '@chatelaine/test-kit';
import { NEW_PASSWORD, pool, service, ada, signIn, isSignedIn, age } from './scene.ts';

const idsIn = (html: string): string[] =>
  [...html.matchAll(/name="session" value="([0-9a-f]+)"/g)].map(([, id = '']) => id);

export function signedIn(): void {
  describe('the pages of an account', () => {
    test.each(['/account', '/account/sessions', '/account/password', '/account/confirm'])(
      '%s leads a visitor to sign-in and back',
      async (path) => {
        const answer = await new Browser(service.origin).get(path);
        expect([answer.status, answer.headers['location']]).toEqual([
          303,
          `/sign-in?return_to=${encodeURIComponent(path)}`,
        ]);
      },
    );

    test.each(['/account/sessions/end', '/account/sessions/end-others', '/account/password', '/account/confirm'])(
      '%s takes no form without the token of its own session',
      async (path) => {
        const eve = await new Browser(service.origin).signUp('eve');
        const foreign = tokenFor((await eve.get('/account')).text, '/sign-out');
        for (const token of ['', foreign])
          expect((await ada.post(path, { _csrf: token, password: NEW_PASSWORD })).status).toBe(403);
        expect(await isSignedIn(await signIn())).toBe(true);
      },
    );

    test('an unknown value of `done` shows nothing', async () => {
      const page = await ada.get('/account?done=%3Cb%3E');
      expect([page.status, page.text.includes('class="notice')]).toEqual([200, false]);
    });
  });

  describe('where somebody is signed in', () => {
    test('every browser is listed by its name, with the current one marked', async () => {
      await signIn();
      const { words } = await ada.get('/account/sessions');
      expect(words).toMatch(
        /Firefox on Linux Signed in .* with your password, from 127\.0\.0\.1 Last used .* This browser/,
      );
      expect(words).toContain('Chrome on Android');
    });

    test('one can be ended while the others go on', async () => {
      const phone = await signIn();
      const tablet = await signIn();
      const [first] = idsIn((await ada.get('/account/sessions')).text);
      expect((await ada.submit('/account/sessions', '/account/sessions/end', { session: first })).status).toBe(303);
      const left = [await isSignedIn(phone), await isSignedIn(tablet)];
      expect(left.filter(Boolean)).toHaveLength(1);
      expect(await isSignedIn(ada)).toBe(true);
    });

    test('all others can be ended at once, however long ago the owner signed in', async () => {
      const phone = await signIn();
      await age(3_600);
      await ada.submit('/account/sessions', '/account/sessions/end-others');
      expect([await isSignedIn(phone), await isSignedIn(ada)]).toEqual([false, true]);
    });

    test('another person’s session, an ended one and an unknown one are the same 404, and nothing ends', async () => {
      const eve = await new Browser(service.origin).signUp('eve');
      await signIn('eve');
      const [foreign = ''] = idsIn((await eve.get('/account/sessions')).text);
      const answers = [];
      for (const session of [foreign, 'f'.repeat(64), '', '%00', foreign.toUpperCase(), `${foreign}00`])
        answers.push(await ada.submit('/account/sessions', '/account/sessions/end', { session }));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
      expect(new Set(answers.map(({ text }) => text.replaceAll(/value="[^"]*"/g, ''))).size).toBe(1);
      expect(idsIn((await eve.get('/account/sessions')).text)).toEqual([foreign]);
    });

    test('ending one’s own signs out', async () => {
      const { rows } = await pool.query<{ id: string }>("select encode(id_hash, 'hex') as id from session");
      const answer = await ada.submit('/account/sessions', '/account/sessions/end', { session: rows[0]?.id ?? '' });
      expect([answer.headers['location'], await isSignedIn(ada)]).toEqual(['/', false]);
    });

    test('an expired one is not listed', async () => {
      await signIn();
      await pool.query(
        "update session set seen_at = now() - interval '13 hours' where data->'signIn'->>'device' like 'Chrome%'",
      );
      expect((await ada.get('/account/sessions')).words).not.toContain('Chrome');
    });
  });
}
