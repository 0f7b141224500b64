import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Story } from '../support/deployment.ts';
import { Signer } from '../support/terms.ts';
import { ask, deployment, fresh, outcomeOf } from './scene.ts';

/** What the approval of a question covers. PROTOCOL §3.7. */
export function approvals(): void {
  describe('a yes to a question', () => {
    let story: Story;
    beforeEach(async () => {
      deployment.host.reset();
      story = await fresh();
    });

    const answered = async (of: Story, answer: 'once' | 'always'): Promise<void> => {
      const asked = await ask(of, { scope: 'photos.write' });
      const { pathname } = new URL(String(asked.json['interaction_uri']));
      await of.owner.browser.submit(pathname, pathname, { answer });
    };
    const offer = (of: Story, terms: string) =>
      of.owner.browser.submit(`/apps/${of.connection.id}`, `/apps/${of.connection.id}/terms`, {
        terms,
        'terms-alternate': '',
      });

    test.each(['once', 'always'] as const)(
      '(%s) is asked for anew once the app has signed other terms',
      async (answer) => {
        await answered(story, answer);
        await offer(story, 'only-for-me/1.0');
        await new Signer(deployment, story).accept();
        expect(outcomeOf(await ask(story, { scope: 'photos.write' }))).toBe('interaction_required');
        await answered(story, answer);
        expect(outcomeOf(await ask(story, { scope: 'photos.write' }))).toBe('token');
      },
    );

    test('is good again under the same terms, offered anew', async () => {
      await offer(story, 'only-for-me/1.0');
      const signer = new Signer(deployment, story);
      await signer.accept();
      await answered(story, 'always');
      await offer(story, 'no-training/1.0');
      await signer.accept();
      expect(outcomeOf(await ask(story, { scope: 'photos.write' }))).toBe('interaction_required');
      await offer(story, 'only-for-me/1.0');
      await signer.accept();
      expect(outcomeOf(await ask(story, { scope: 'photos.write' }))).toBe('token');
    });

    test('is not given by a page that showed other terms', async () => {
      const asked = await ask(story, { scope: 'photos.write' });
      const { pathname } = new URL(String(asked.json['interaction_uri']));
      const shown = /name="shown" value="([^"]+)"/.exec((await story.owner.browser.get(pathname)).text)?.[1] ?? '';
      await offer(story, 'only-for-me/1.0');
      await new Signer(deployment, story).accept();
      expect((await story.owner.browser.submit(pathname, pathname, { answer: 'once', shown })).status).toBe(400);
      expect((await story.owner.browser.get(pathname)).words).toContain('Only to serve me 1.0');
    });
  });
}
