import { describe, expect, it } from '@jest/globals';
import { deployment } from './scene.ts';

/** How owners see their terms when they connect an app. PROTOCOL §10.3, §10.5. */
export function consent(): void {
  describe('the consent page', () => {
    it('proposes what the owner asks of all, and says what the app says that it accepts', async () => {
      const owner = await deployment.owner();
      await deployment.link(owner);
      await deployment.rows(`update owner set terms = '{only-for-me/1.0,not-passed-on/1.0}' where id = $1`, [owner.id]);
      const uris = ['only-for-me/1.0', 'no-training/1.1'].map((name) => `${deployment.issuer}/terms/${name}`);
      const says = await deployment.requester({ document: { chatelaine_terms: uris } }).push();
      const page = await owner.browser.get(says.path);
      const selected = [...page.text.matchAll(/<option value="([^"]*)" selected/g)].map(([, value]) => value);
      expect(selected).toEqual(['only-for-me/1.0', 'not-passed-on/1.0']);
      expect(page.words).toContain('It says that it accepts: No training 1.1, Only to serve me 1.0.');
      const silent = await owner.browser.get((await deployment.requester().push()).path);
      expect(silent.words).toContain('It says nothing about terms that it accepts.');
    });

    it('says of an app that cannot sign that it cannot, and links the pages that it calls its own terms', async () => {
      const owner = await deployment.owner();
      await deployment.link(owner);
      await deployment.rows(`update owner set terms = '{only-for-me/1.0}' where id = $1`, [owner.id]);
      const pages = { tos_uri: 'https://reader.example/terms', policy_uri: 'https://reader.example/privacy' };
      const told = await owner.browser.get((await deployment.requester({ keys: 'none', document: pages }).push()).path);
      expect(told.words).toContain('This app cannot sign terms of yours');
      for (const uri of Object.values(pages)) expect(told.text).toContain(`href="${uri}"`);
      expect(told.text).not.toContain('name="terms"');
      const bare = await owner.browser.get((await deployment.requester({ keys: 'none' }).push()).path);
      expect(bare.words).toContain('This app cannot sign terms of yours');
      expect(bare.words).not.toContain('It links');
    });
  });
}
