import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Story } from '../support/deployment.ts';
import { ask, bound, deployment, fresh } from './scene.ts';

/** What owners read about the decisions of their rules. */
export function reasons(): void {
  describe('why something was decided', () => {
    let story: Story;
    beforeEach(async () => {
      deployment.host.reset();
      story = await fresh();
    });

    const reasonShown = async (of: Story): Promise<string> => {
      const [row] = await deployment.rows<{ id: string }>(
        'select id from transfer where connection_id = $1 order by started_at desc, id desc limit 1',
        [of.connection.id],
      );
      return (await of.owner.browser.get(`/timeline/${row?.id}`)).words;
    };

    test('names the rule as it was, also when another has taken its place since', async () => {
      await bound(story, { most: '1', per: 'all' });
      await ask(story);
      expect(await reasonShown(story)).toContain('allowed without asking, at most once in all. Your decision of');
      await bound(story, { effect: 'deny' });
      const [first] = await deployment.rows<{ id: string }>(
        `select id from transfer where connection_id = $1 and state = 'minted'`,
        [story.connection.id],
      );
      expect((await story.owner.browser.get(`/timeline/${first?.id}`)).words).toContain('which held until');
      await ask(story);
      expect(await reasonShown(story)).toContain('never allowed. Your decision of');
    });

    test('says that a limit was used up, and how to change it', async () => {
      await bound(story, { most: '1' });
      await ask(story);
      await ask(story);
      const words = await reasonShown(story);
      expect(words).toContain('You allow it at most once a day, and it had been that often: so you are asked.');
      expect(words).toContain('Change how often');
    });

    test('is in the activity in words, with its limits', async () => {
      await bound(story, { most: '4', for: 'hour' });
      expect((await story.owner.browser.get('/timeline')).words).toContain(
        'is now allowed without asking, at most 4 times a day, until ',
      );
    });
  });
}
