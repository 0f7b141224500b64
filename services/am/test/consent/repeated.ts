import { describe, expect, it } from '@jest/globals';
import { fieldsWithoutButton } from '../support/requester.ts';
import { deployment, linkId, NOTHING, owner, requester, rowsOf, timeline } from './scene.ts';

/** Forms that are sent twice, or by another person. */
export function repeatedSubmissions(): void {
  describe('consent', () => {
    it('sent twice at once makes one connection, and the timeline tells of one', async () => {
      const before = (await timeline()).length;
      const { path } = await requester.push();
      const page = await owner.browser.get(path);
      const form = {
        ...fieldsWithoutButton(page.text),
        [`answer:${linkId}:photos.read`]: 'allow',
        duration: 'open',
        decision: 'allow',
      };
      const other = owner.browser.at(deployment.ams[1].port);
      const answers = await Promise.all([
        owner.browser.post('/authorize', form),
        other.post('/authorize', form),
        owner.browser.post('/authorize', form),
        other.post('/authorize', form),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect(new Set(answers.map(({ onward }) => onward)).size).toBe(1);
      expect(answers[0]?.onward).toContain('code=');
      expect((await rowsOf(requester)).connections.filter(({ grant_id: grantId }) => grantId !== null)).toHaveLength(1);
      expect(await timeline()).toHaveLength(before + 1);
      expect(
        (await owner.browser.get('/apps')).words.match(new RegExp(new URL(requester.clientId).host, 'g'))?.length,
      ).toBeGreaterThan(0);
    });

    it('needs the form token and our own page', async () => {
      const { path } = await requester.push();
      const { csrf: _without, ...form } = fieldsWithoutButton((await owner.browser.get(path)).text);
      const fields = { ...form, [`answer:${linkId}:photos.read`]: 'allow', duration: 'open', decision: 'allow' };
      expect((await owner.browser.post('/authorize', fields)).status).toBe(403);
      const stranger = await deployment.owner();
      const theirs = fieldsWithoutButton((await stranger.browser.get((await requester.push()).path)).text);
      expect((await owner.browser.post('/authorize', { ...fields, csrf: theirs['csrf'] ?? '' })).status).toBe(403);
      expect(
        (
          await owner.browser.post(
            '/authorize',
            { ...fields, ...fieldsWithoutButton((await owner.browser.get(path)).text) },
            { 'sec-fetch-site': 'cross-site' },
          )
        ).status,
      ).toBe(403);
      expect(await rowsOf(requester)).toEqual(NOTHING);
    });
  });
}
