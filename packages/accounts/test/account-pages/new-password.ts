import { describe, expect, test } from '@jest/globals';
import { Browser, eventually, PASSWORD, tokenFor } from '@chatelaine/test-kit';
import { NEW_PASSWORD, pool, service, ada, signIn, isSignedIn, age, confirm } from './scene.ts';

const changeTo = (browser: Browser, password: string) =>
  browser.submit('/account/password', '/account/password', { password });

/**
 * Holds the rows of all accounts, as a change in another process would, until it is released; then that change is made,
 * or none.
 */
async function lockAccounts(): Promise<(change?: string) => Promise<void>> {
  const client = await pool.connect();
  await client.query('begin');
  await client.query('select 1 from account for no key update');
  return async (change) => {
    if (change !== undefined) await client.query(change);
    await client.query('commit');
    client.release();
  };
}

/** Resolves when a statement waits for the rows that are held. */
const untilOneWaits = (): Promise<unknown> =>
  eventually(async () => {
    const { rows } = await pool.query(
      "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    return rows.length === 1;
  });

export function newPassword(): void {
  describe('a fresh sign-in', () => {
    test('is required ten minutes after the last, and leads back to the page, with a new session id', async () => {
      expect((await ada.get('/account/password')).status).toBe(200);
      await age(601);
      const asked = await ada.get('/account/password');
      expect([asked.status, asked.headers['location']]).toEqual([
        303,
        '/account/confirm?return_to=%2Faccount%2Fpassword',
      ]);
      const before = ada.cookies.get('inn-session') ?? '';
      const confirmed = await confirm(ada);
      expect([confirmed.status, confirmed.headers['location']]).toEqual([303, '/account/password']);
      const old = new Browser(service.origin, { cookies: [['inn-session', before]] });
      expect(await isSignedIn(old)).toBe(false);
      expect((await ada.get('/account/password')).status).toBe(200);
    });

    test('is required for a form left open for twenty minutes, and for one that was never shown', async () => {
      await age(900);
      const token = tokenFor((await ada.get('/account')).text, '/sign-out');
      const form = { _csrf: token, password: NEW_PASSWORD };
      await age(1_201);
      expect((await ada.post('/account/password', form)).headers['location']).toMatch(/^\/account\/confirm/);
      expect(await isSignedIn(await signIn())).toBe(true);
    });

    test('with a wrong password changes nothing, and after five the right one is refused for a while', async () => {
      await age(601);
      for (let n = 0; n < 5; n++) expect((await confirm(ada, `wrong ${n} wrong`)).status).toBe(400);
      expect((await confirm(ada)).status).toBe(429);
      expect((await ada.get('/account/password')).status).toBe(303);
      expect(await isSignedIn(ada)).toBe(true);
    });

    test('never leads away from this site', async () => {
      for (const returnTo of ['//evil.example', 'https://evil.example', '/\\evil.example']) {
        const form = { password: PASSWORD, return_to: returnTo };
        expect((await ada.submit('/account/confirm', '/account/confirm', form)).headers['location']).toBe('/account');
      }
    });
  });

  describe('changing the password', () => {
    test('ends every other session, and from then on only the new one signs in', async () => {
      const phone = await signIn();
      const answer = await changeTo(ada, NEW_PASSWORD);
      expect([answer.status, answer.headers['location']]).toEqual([303, '/account?done=password']);
      expect((await ada.get('/account?done=password')).words).toContain('All other browsers were signed out');
      expect([await isSignedIn(phone), await isSignedIn(ada)]).toEqual([false, true]);
      expect(await isSignedIn(await signIn())).toBe(false);
      expect(await isSignedIn(await signIn('ada', NEW_PASSWORD))).toBe(true);
    });

    test.each([
      ['too short', 'short'],
      ['none', ''],
    ])('to one that is %s is refused beside the field, and nothing is changed', async (_what, password) => {
      const answer = await changeTo(ada, password);
      expect([answer.status, answer.words.includes('at least 10 characters')]).toEqual([400, true]);
      expect(await isSignedIn(await signIn())).toBe(true);
    });

    test('by a session that was ended while the password was hashed changes nothing', async () => {
      const phone = await signIn();
      const token = tokenFor((await ada.get('/account/password')).text, '/account/password');
      const release = await lockAccounts();
      const change = ada.post('/account/password', { _csrf: token, password: NEW_PASSWORD });
      await untilOneWaits();
      await phone.submit('/account/sessions', '/account/sessions/end-others');
      await release();
      expect((await change).headers['location']).toMatch(/^\/sign-in/);
      expect(await isSignedIn(await signIn())).toBe(true);
    });

    test('twice at the same time is done one after the other, and leaves at most one session', async () => {
      const phone = await signIn();
      const forms = [];
      for (const browser of [ada, phone])
        forms.push({ browser, _csrf: tokenFor((await browser.get('/account/password')).text, '/account/password') });
      const answers = await Promise.all(
        forms.map(({ browser, _csrf }, n) =>
          browser.post('/account/password', { _csrf, password: `${NEW_PASSWORD} ${n}` }),
        ),
      );
      for (const { status } of answers) expect([303, 403, 409]).toContain(status);
      const live = [await isSignedIn(ada), await isSignedIn(phone)].filter(Boolean);
      expect(live.length).toBeLessThanOrEqual(1);
      const works = [];
      for (const n of [0, 1]) works.push(await isSignedIn(await signIn('ada', `${NEW_PASSWORD} ${n}`)));
      expect(works.filter(Boolean)).toHaveLength(1);
    });

    test('while somebody signs in with the old password gives them no session', async () => {
      const release = await lockAccounts();
      const late = new Browser(service.origin);
      const token = tokenFor((await late.get('/sign-in')).text, '/sign-in');
      const signingIn = late.post('/sign-in', { _csrf: token, username: 'ada', password: PASSWORD });
      await untilOneWaits();
      await release('update account set session_generation = session_generation + 1');
      expect((await signingIn).status).toBe(409);
      expect(await isSignedIn(late)).toBe(false);
      expect((await pool.query('select 1 from session')).rowCount).toBe(1);
    });
  });
}
