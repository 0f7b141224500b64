import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Story } from '../support/deployment.ts';
import { ask, bound, deployment, fresh, outcomeOf, wordsOf } from './scene.ts';

/** Answers that hold for a limited time. PROTOCOL §3.2. */
export function times(): void {
  describe('what is answered for a while', () => {
    let story: Story;
    beforeEach(async () => {
      deployment.host.reset();
      story = await fresh();
    });

    test('holds until then, and then the owner is asked', async () => {
      for (const [field, seconds] of [
        [{ for: 'hour' }, 3_600],
        [{ for: 'other', number: '15', unit: 'minutes' }, 900],
        [{ for: 'other', number: '3', unit: 'years' }, 3 * 365 * 86_400],
      ] as const) {
        const before = Date.now();
        await bound(story, field);
        const [row] = await deployment.rows<{ at: Date }>(
          `select expires_at as at from rule where connection_id = $1 and scope = 'photos.read' and expires_at > now()`,
          [story.connection.id],
        );
        expect(row?.at.getTime()).toBeGreaterThanOrEqual(before + seconds * 1000);
        expect(row?.at.getTime()).toBeLessThanOrEqual(Date.now() + seconds * 1000);
      }
      expect(await wordsOf(story)).toContain('Until ');
      expect(outcomeOf(await ask(story))).toBe('token');
      await deployment.rows('update rule set expires_at = now() where connection_id = $1', [story.connection.id]);
      expect(outcomeOf(await ask(story))).toBe('interaction_required');
    });

    test('keeps its end when something else about it is changed, and is unchanged when nothing is', async () => {
      await bound(story, { for: 'day' });
      const rules = () =>
        deployment.rows<{ id: string; at: Date }>(
          `select id, expires_at as at from rule where connection_id = $1 and scope = 'photos.read'
            and expires_at > now()`,
          [story.connection.id],
        );
      const [first] = await rules();
      await bound(story, { for: 'keep' });
      expect(await rules()).toEqual([first]);
      await bound(story, { for: 'keep', effect: 'deny' });
      const [second] = await rules();
      expect([second?.at, second?.id === first?.id]).toEqual([first?.at, false]);
    });

    test('never outlives the connection', async () => {
      const monthly = {
        ...story,
        connection: await deployment.connect({
          ...story,
          answers: { 'photos.read': 'ask' },
          fields: { duration: 'hour' },
        }),
      };
      await bound(monthly, { for: 'month' });
      expect(
        await deployment.rows(
          `select r.expires_at = c.expires_at as together from rule r join connection c on c.id = r.connection_id
            where c.id = $1 and r.effect = 'allow'`,
          [monthly.connection.id],
        ),
      ).toEqual([{ together: true }]);
    });
  });
}
