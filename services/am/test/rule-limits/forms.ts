import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Story } from '../support/deployment.ts';
import { bound, deployment, fresh, pathOf, wordsOf } from './scene.ts';

/** The form that limits a single answer, and who may submit it. */
export function forms(): void {
  describe('the form of one answer', () => {
    let story: Story;
    beforeEach(async () => {
      deployment.host.reset();
      story = await fresh();
    });

    const stored = () =>
      deployment.rows('select id from rule where connection_id = $1 order by id', [story.connection.id]);

    test('that makes no sense says so beside its field, keeps what was sent, and changes nothing', async () => {
      const before = await stored();
      for (const [fields, words] of [
        [{ most: '0' }, 'Say how often'],
        [{ most: '-1' }, 'Say how often'],
        [{ most: '1e3' }, 'Say how often'],
        [{ most: '99999999999' }, 'Say how often'],
        [{ most: '3', per: 'hour' }, 'Say how often'],
        [{ most: '3', effect: 'deny' }, 'Only what you allow'],
        [{ for: 'other', number: '' }, 'Say for how long'],
        [{ for: 'other', number: '11', unit: 'years' }, 'Say for how long'],
        [{ for: 'other', number: '1', unit: 'eons' }, 'Say for how long'],
        [{ for: 'ever' }, 'Choose for how long'],
        [{ for: 'keep' }, 'Choose for how long'],
      ] as const) {
        const answer = await bound(story, fields);
        expect([fields, answer.status, answer.words.includes(words)]).toEqual([fields, 400, true]);
      }
      expect((await bound(story, { most: '0', number: '77' })).text).toContain('value="77"');
      expect((await bound(story, { effect: 'perhaps' })).status).toBe(409);
      expect(await stored()).toEqual(before);
    });

    test('filled in on another answer than there is now changes nothing', async () => {
      const page = await story.owner.browser.get(pathOf(story));
      const shown = /name="shown" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
      await bound(story, { most: '3' });
      expect((await bound(story, { most: '500', shown })).status).toBe(409);
      expect(await wordsOf(story)).toContain('at most 3 times a day');
    });

    test('is nobody else’s, concerns nothing the app may not ask for, and comes from no other site', async () => {
      const before = await stored();
      const other = await deployment.owner();
      const path = `/apps/${story.connection.id}/rule`;
      expect((await other.browser.get(pathOf(story))).status).toBe(404);
      expect((await story.owner.browser.get(pathOf(story, 'albums.read'))).status).toBe(404);
      expect((await story.owner.browser.get(path)).status).toBe(404);
      const fields = { link: story.linkId, scope: 'photos.read', effect: 'deny', for: 'open', most: '' };
      expect((await other.browser.submit('/apps', path, fields)).status).toBe(404);
      expect((await story.owner.browser.submit('/apps', path, { ...fields, scope: 'albums.read' })).status).toBe(409);
      expect((await story.owner.browser.post(path, fields)).status).toBe(403);
      expect(await stored()).toEqual(before);
    });
  });
}
