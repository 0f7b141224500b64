import { describe, expect, it } from '@jest/globals';
import { choose, deployment, idle, PAGE, somebody } from './scene.ts';

/** The page on which owners choose their notices. */
export function page(): void {
  describe('the page of notifications', () => {
    it('is led to by the account’s, keeps what was chosen, and is its owner’s alone', async () => {
      const [one, other] = [await somebody(), idle];
      const { browser } = one.owner;
      expect((await browser.get('/account')).text).toContain(`href="${PAGE}"`);
      await choose(browser, { 'mail:services': 'yes' });
      const saved = await browser.get(`${PAGE}?saved=yes`);
      expect(saved.words).toContain('Saved.');
      expect(saved.text).toMatch(/name="mail:services"[^>]*checked/);
      expect(saved.text).not.toMatch(/name="mail:questions"[^>]*checked/);
      expect((await other.owner.browser.get(PAGE)).text).not.toMatch(/checked/);
    });

    it('asks for an address first where there is none', async () => {
      const { browser } = await deployment.owner();
      const { words, text } = await browser.get(PAGE);
      expect(words).toContain('You have not confirmed an e-mail address');
      expect(text).toContain('href="/account/email"');
    });

    it.each([
      ['no form token', {}, {}],
      ['another site’s origin', {}, { 'sec-fetch-site': 'cross-site' }],
    ])('takes no form with %s', async (_what, fields, headers) => {
      const { owner } = idle;
      const refused = await owner.browser.post(PAGE, { 'mail:questions': 'yes', ...fields }, headers);
      expect(refused.status).toBe(403);
      expect(await deployment.rows('select * from notice_choice where owner_id = $1', [owner.id])).toEqual([]);
    });

    it('takes nothing for what it does not know, and shows nothing to who is not signed in', async () => {
      const { owner } = await somebody();
      await choose(owner.browser, { 'mail:everything': 'yes', 'owl:questions': 'yes', 'mail:questions': 'no' });
      expect(await deployment.rows('select * from notice_choice where owner_id = $1', [owner.id])).toEqual([]);
      await owner.browser.submit('/', '/sign-out');
      expect((await owner.browser.get(PAGE)).status).toBe(303);
    });
  });
}
