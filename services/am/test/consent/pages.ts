import { describe, expect, it } from '@jest/globals';
import { agree } from '../support/requester.ts';
import { deployment, linkId, NOTHING, owner, requester, rowsOf } from './scene.ts';

/** What the page shows, and to whom. */
export function pages(): void {
  describe('consent', () => {
    it('shows who asks, where it runs, every account with every scope, and nothing chosen beforehand', async () => {
      const { path } = await requester.push();
      const page = await owner.browser.get(path);
      const text = page.words;
      for (const part of [
        'Reader',
        new URL(requester.redirectUri).host,
        'my Photos',
        'See your photos',
        'faces.read',
      ]) {
        expect(text).toContain(part);
      }
      const chosen = [...page.text.matchAll(/<input type="radio"[^>]*checked[^>]*>/g)].map(
        ([input]) => /value="(\w*)"/.exec(input)?.[1] ?? '',
      );
      expect(new Set(chosen)).toEqual(new Set(['no', '', 'ask', 'open']));
      expect(chosen.filter((value) => value === 'ask')).toHaveLength(1); // the choice of the buttons for all
      expect(page.headers['content-security-policy']).toContain("form-action 'self';");
    });

    it.each(['allow', 'deny'])(
      'is answered by a page that leads back by itself, and by a link: %s',
      async (decision) => {
        const { path } = await requester.push();
        const answer = await agree(owner.browser, path, { decision, [`answer:${linkId}:photos.read`]: 'allow' });
        expect([answer.status, new URL(answer.onward ?? 'x:').origin]).toEqual([
          200,
          new URL(requester.redirectUri).origin,
        ]);
        const links = [...answer.text.matchAll(/<a [^>]*href="([^"]+)"/g)].map(([, to]) =>
          to?.replaceAll('&amp;', '&'),
        );
        expect(links).toContain(answer.onward);
      },
    );

    it('never offers an account that is stopped or broken', async () => {
      const stopped = await deployment.link(owner);
      await owner.browser.submit('/hosts', `/hosts/${stopped}/stop`);
      const broken = await deployment.link(owner);
      await deployment.rows(`update link set state = 'broken' where id = $1`, [broken]);
      const { path } = await requester.push();
      const page = await owner.browser.get(path);
      expect(page.text).toContain(linkId);
      expect(page.text).not.toContain(stopped);
      expect(page.text).not.toContain(broken);
    });

    it('is asked of whoever signs in, not of a browser that is not signed in', async () => {
      const { path } = await requester.push();
      const nobody = (await deployment.owner()).browser;
      await nobody.submit('/', '/sign-out');
      const answer = await nobody.get(path);
      expect(answer.status).toBe(303);
      expect(answer.onward).toBe(`/sign-in?return_to=${encodeURIComponent(path)}`);
    });

    it.each([
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      "'-alert(1)-'",
      '</title><svg onload=alert(1)>',
      '{{constructor.constructor("alert(1)")()}}',
      'javascript:alert(1)',
      '&lt;b&gt;',
    ])('shows a name that is an attack as the text it is: %s', async (name) => {
      const evil = deployment.requester({ name });
      const { path } = await evil.push();
      const page = await owner.browser.get(path);
      expect(page.status).toBe(200);
      expect(page.text).not.toMatch(/<script>alert|<img src=x|<svg onload|href="javascript:/);
      expect(page.words).toContain(`Connect ${name}?`);
      expect(page.words).toContain(`Calls itself ${name} not verified`);
      expect(page.headers['content-security-policy']).toContain("default-src 'none'");
      await agree(owner.browser, path, { [`answer:${linkId}:photos.read`]: 'allow' });
      for (const where of ['/', '/apps', '/timeline']) {
        expect((await owner.browser.get(where)).text).not.toMatch(
          /<script>alert|<img src=x|<svg onload|href="javascript:/,
        );
      }
    });

    it('says of an owner without Hosts that there is nothing to show, and connects nothing', async () => {
      const poor = await deployment.owner();
      const { path } = await requester.push();
      expect((await poor.browser.get(path)).words).toContain('Add a service');
      const answer = await agree(poor.browser, path, { [`answer:${linkId}:photos.read`]: 'allow' });
      expect(answer.status).toBe(400);
      expect(await rowsOf(requester)).toEqual(NOTHING);
    });
  });
}
