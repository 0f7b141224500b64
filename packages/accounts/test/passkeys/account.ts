import { describe, expect, test } from '@jest/globals';
import { tokenFor } from '@chatelaine/test-kit';
import { softPasskey } from '../support/authenticator.ts';
import { ISSUER, pool, ada, key, newBrowser, answer, ADD, CONFIRM, add, passkeysOf } from './scene.ts';

const age = (seconds: number) =>
  pool.query('update session set created_at = now() - make_interval(secs => $1)', [seconds]);

export function account(): void {
  describe('a fresh sign-in', () => {
    test('may be by passkey or by password, and is for its own account only', async () => {
      await add();
      await age(700);
      expect((await ada.get(ADD.page)).headers['location']).toBe(
        '/account/confirm?return_to=%2Faccount%2Fpasskeys%2Fadd',
      );
      const eve = await newBrowser().signUp('eve');
      const eves = softPasskey(ISSUER);
      await add({ passkey: eves }, eve);
      expect((await answer(ada, CONFIRM, { passkey: eves })).status).toBe(400);
      expect((await answer(ada, CONFIRM)).headers['location']).toBe('/account');
      expect((await ada.get(ADD.page)).status).toBe(200);
    });

    test.each([
      ['adding', '/account/passkeys/add'],
      ['removing', '/account/passkeys/remove'],
      ['making recovery codes', '/account/recovery'],
    ])('is needed for %s, also by a form that was shown long ago', async (_what, action) => {
      await add();
      const form = { _csrf: tokenFor((await ada.get('/account/passkeys')).text, '/sign-out'), passkey: key.id };
      await age(1_300);
      expect((await ada.post(action, form)).headers['location']).toMatch(/^\/account\/confirm/);
      expect(await passkeysOf('ada')).toEqual(['laptop']);
    });
  });

  describe('the passkeys of an account', () => {
    test('of somebody else can be neither removed nor seen, and get the same answer as unknown ones', async () => {
      await add();
      const eve = await newBrowser().signUp('eve');
      expect((await eve.get('/account/passkeys')).words).toContain('No passkey yet');
      const statuses = [];
      for (const passkey of [key.id, 'x', ''])
        statuses.push((await eve.submit('/account/passkeys', '/account/passkeys/remove', { passkey })).status);
      expect([statuses, await passkeysOf('ada')]).toEqual([[404, 404, 404], ['laptop']]);
    });

    test('that somebody has are not added to another account', async () => {
      await add();
      const eve = await newBrowser().signUp('eve');
      expect((await add({}, eve)).words).toContain('in use already');
      expect(await passkeysOf('eve')).toEqual([]);
    });

    test('are at most twenty, and a name that cannot be shown is refused beside the field', async () => {
      await pool.query(
        `insert into passkey (id, account_id, public_key, counter, transports, backed_up, name)
          select 'p' || n, id, '', 0, '{}', false, 'n' from account, generate_series(1, 19) n`,
      );
      expect((await add({ fields: { name: '  ' } })).status).toBe(400);
      expect((await add({ fields: { name: 'x'.repeat(61) } })).status).toBe(400);
      expect((await add()).status).toBe(303);
      expect((await add({ passkey: softPasskey(ISSUER) })).words).toContain('20 passkeys already');
    });

    test.each(['/account/passkeys', '/account/passkeys/add', '/account/recovery'])(
      '%s leads a visitor to sign-in',
      async (path) => {
        expect((await newBrowser().get(path)).headers['location']).toMatch(/^\/sign-in/);
      },
    );
  });
}
