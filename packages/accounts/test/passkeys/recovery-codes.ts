import { describe, expect, test } from '@jest/globals';
import { PASSWORD, tokenFor } from '@chatelaine/test-kit';
import { pool, service, ada, newBrowser, add, signIn } from './scene.ts';

export function recoveryCodes(): void {
  describe('recovery codes', () => {
    const codesIn = (text: string): string[] =>
      [...text.matchAll(/<code>([^<]+)<\/code>/g)].map(([, code = '']) => code);
    const make = async (browser = ada): Promise<string[]> =>
      codesIn((await browser.submit('/account/recovery', '/account/recovery')).text);
    const recover = (code: string, username = 'ada', browser = newBrowser()) =>
      browser.submit('/sign-in/recovery', '/sign-in/recovery', { username, code });

    test('are ten of 80 bits, shown once and kept as hashes', async () => {
      const codes = await make();
      expect([codes.length, new Set(codes).size]).toEqual([10, 10]);
      for (const code of codes) expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
      expect((await ada.get('/account/recovery')).words).toContain('You have 10 that were not used');
      const { rows } = await pool.query<{ row: string }>(
        'select row_to_json(recovery_code)::text as row from recovery_code',
      );
      for (const code of codes) expect(JSON.stringify([rows, service.log])).not.toContain(code.slice(0, 9));
    });

    test('sign in once each, in any spelling, and lead on to what to do next', async () => {
      const [first = '', second = ''] = await make();
      const visitor = newBrowser();
      const answer = await recover(first.toLowerCase().replaceAll('-', ' ').replace(/0/g, 'o'), 'Ada', visitor);
      expect([answer.status, answer.headers['location']]).toEqual([303, '/account?done=recovered']);
      expect((await visitor.get('/account?done=recovered')).words).toMatch(/used up now.*9 codes left/);
      expect((await recover(first)).status).toBe(400);
      expect((await recover(second)).status).toBe(303);
    });

    test('count as a fresh sign-in, so that a new password can be set', async () => {
      const [code = ''] = await make();
      const visitor = newBrowser();
      await recover(code, 'ada', visitor);
      expect((await visitor.get('/account/password')).status).toBe(200);
    });

    test('used twice at the same time sign in once', async () => {
      const [code = ''] = await make();
      const answers = await Promise.all(Array.from({ length: 5 }, () => recover(code)));
      expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([303, 400, 400, 400, 400]);
    });

    test('of another account, unknown ones and misspelt ones get the same answer', async () => {
      const eve = await newBrowser().signUp('eve');
      const [eves = ''] = await make(eve);
      await make();
      const answers = [await recover(eves), await recover(eves, 'nobody'), await recover('x'), await recover('')];
      const plain = (text: string) => text.replaceAll(/value="[^"]*"/g, '');
      expect(new Set(answers.map(({ status, text }) => `${status} ${plain(text)}`)).size).toBe(1);
      expect((await recover(eves, 'eve')).status).toBe(303);
    });

    test('that are new replace those before', async () => {
      const [old = ''] = await make();
      const [fresh = ''] = await make();
      expect([(await recover(old)).status, (await recover(fresh)).status]).toEqual([400, 303]);
    });

    test('that are right are never refused, whatever was tried from the same address; nor is a passkey', async () => {
      await add();
      const [code = ''] = await make();
      const visitor = newBrowser();
      for (let n = 0; n < 5; n++)
        await visitor.submit('/sign-in', '/sign-in', { username: 'ada', password: `wrong ${n} wrong` });
      const { text } = await visitor.get('/sign-in/recovery');
      const wrong = { _csrf: tokenFor(text, '/sign-in/recovery'), username: 'ada', code: 'AAAA-AAAA-AAAA-AAAA' };
      const statuses = [];
      for (let n = 0; n < 21; n++) statuses.push((await visitor.post('/sign-in/recovery', wrong)).status);
      expect([statuses.slice(0, 20), statuses[20]]).toEqual([Array.from({ length: 20 }, () => 400), 429]);
      expect((await visitor.submit('/sign-in', '/sign-in', { username: 'ada', password: PASSWORD })).status).toBe(429);
      expect((await recover(code, 'ada', visitor)).status).toBe(303);
      expect((await signIn()).status).toBe(303);
    });

    test('are not made without the form’s token', async () => {
      expect((await ada.post('/account/recovery', {})).status).toBe(403);
      expect((await pool.query('select 1 from recovery_code')).rowCount).toBe(0);
    });
  });
}
