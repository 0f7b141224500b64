import { tokenOf } from '@chatelaine/test-kit';
import { describe, expect, it } from '@jest/globals';
import { attacker, crawled, deployment, everythingOfTheVictim, nobody, signedOut, victim } from './scene.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

/** What happens to every form that an owner finds, in the hands of others. */
export function everyForm(): void {
  describe('of the forms on an owner’s pages', () => {
    const { forms } = crawled;

    it('none is taken without its token, with another’s, or from another site; nor those to sign in', async () => {
      const theirs = await tokenOf((await attacker()).browser);
      const before = await everythingOfTheVictim();
      for (const { browser, action, fields } of [
        ...forms.map((form) => ({ ...form, browser: victim.browser })),
        ...signedOut.forms.map((form) => ({ ...form, browser: nobody })),
      ]) {
        const { _csrf: _, csrf: __, ...form } = fields;
        const statuses = [];
        for (const token of [{}, { _csrf: '' }, { _csrf: theirs, csrf: theirs }])
          statuses.push((await browser.post(action, { ...form, ...token })).status);
        for (const site of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }])
          statuses.push((await browser.post(action, fields, site)).status);
        expect([action, statuses]).toEqual([action, [403, 403, 403, 403, 403]]);
        expect([action, (await browser.postRaw(action, JSON.stringify(fields), JSON_TYPE)).status]).toEqual([
          action,
          415,
        ]);
      }
      expect(await everythingOfTheVictim()).toEqual(before);
    });

    it('none does anything to them for somebody else who sends it with a token of their own', async () => {
      let other = await attacker();
      const before = await everythingOfTheVictim();
      for (const { action, fields, changed } of forms)
        for (const sent of [fields, { ...fields, ...changed }]) {
          // some forms end the session of whoever sends them
          if ((await other.browser.get('/account')).status !== 200) other = await attacker();
          const token = await tokenOf(other.browser);
          const { status } = await other.browser.post(action, { ...sent, _csrf: token, csrf: token });
          expect([action, sent, status < 500, await everythingOfTheVictim()]).toEqual([action, sent, true, before]);
        }
    });

    it('none does anything for somebody who is not signed in', async () => {
      const before = await everythingOfTheVictim();
      for (const { action, fields } of forms) {
        const unknown = victim.browser.at(deployment.ams[0].port);
        for (const name of unknown.cookies.keys()) if (name.endsWith('-session')) unknown.keep(name, 'none');
        const { status } = await unknown.post(action, fields);
        expect([action, status >= 300 && status < 500, await everythingOfTheVictim()]).toEqual([action, true, before]);
      }
    });

    it('one is taken from themselves: what these tests compare does change then', async () => {
      const before = await everythingOfTheVictim();
      const form = forms.find(({ action }) => action === '/rules/defaults');
      expect((await victim.browser.post('/rules/defaults', { ...form?.fields, reading: 'allow' })).status).toBe(303);
      expect(await everythingOfTheVictim()).not.toEqual(before);
    });
  });
}
