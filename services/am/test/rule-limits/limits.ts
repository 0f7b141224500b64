import { beforeEach, describe, expect, test } from '@jest/globals';
import { answersOf, batch } from '../support/batch.ts';
import { CLEAN_AUDIT, type Story } from '../support/deployment.ts';
import { countStatements, isOfRequest } from '../support/statements.ts';
import { ask, bound, deployment, fresh, outcomeOf, wordsOf } from './scene.ts';

const usedOf = async ({ connection }: Story): Promise<unknown> =>
  (
    await deployment.rows(
      `select n.used from rule_limit n join rule r on r.limit_id = n.id
        where r.connection_id = $1 and r.expires_at is null`,
      [connection.id],
    )
  )[0]?.['used'];
/** Moves the counters into the past, as if `hours` had gone by. */
const hoursLater = (hours: number): Promise<unknown> =>
  deployment.rows(`update rule_limit set since = since - make_interval(hours => $1)`, [hours]);

/** Rules that allow only so many requests in a period. PROTOCOL §3.2. */
export function limits(): void {
  describe('what is allowed at most so many times', () => {
    let story: Story;
    beforeEach(async () => {
      deployment.host.reset();
      story = await fresh();
    });

    test('a day is asked about beyond that, allowed again the next day, and says what is left of it', async () => {
      expect((await bound(story, { most: '2' })).headers.location).toBe(`/apps/${story.connection.id}?saved=yes`);
      expect(await wordsOf(story)).toContain('Allowed at most 2 times a day: not used yet.');
      expect(outcomeOf(await ask(story))).toBe('token');
      expect(await wordsOf(story)).toContain('1 of them left');
      expect(outcomeOf(await ask(story))).toBe('token');
      expect(outcomeOf(await ask(story))).toBe('interaction_required');
      expect(await wordsOf(story)).toContain('used up, so you are asked');
      await hoursLater(23);
      expect(outcomeOf(await ask(story))).toBe('interaction_required');
      await hoursLater(2);
      expect(await wordsOf(story)).toContain('not used yet');
      expect([outcomeOf(await ask(story)), await usedOf(story)]).toEqual(['token', 1]);
    });

    test('in all is not allowed again the next day', async () => {
      await bound(story, { most: '1', per: 'all' });
      expect(outcomeOf(await ask(story))).toBe('token');
      await hoursLater(1_000);
      expect(outcomeOf(await ask(story))).toBe('interaction_required');
    });

    test('is allowed no more often when many ask at once on two processes', async () => {
      await bound(story, { most: '5', per: 'all' });
      const many = Array.from({ length: 16 }, (_, n) => ask(story, { port: deployment.ams[n % 2]?.port ?? 0 }));
      const outcomes = (await Promise.all(many)).map(outcomeOf);
      expect(outcomes.filter((one) => one === 'token')).toHaveLength(5);
      expect(new Set(outcomes)).toEqual(new Set(['token', 'interaction_required']));
      expect([await usedOf(story), deployment.host.hops.length]).toEqual([5, 5]);
      expect(await deployment.audit()).toEqual(CLEAN_AUDIT);
    });

    test('nor by one call for many', async () => {
      await bound(story, { most: '3' });
      const items = Array.from({ length: 8 }, (_, n) => ({
        id: String(n),
        resource: deployment.host.resource,
        scope: 'photos.read',
      }));
      const answers = answersOf(await batch(deployment, story, { items }));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
      expect(await usedOf(story)).toBe(3);
    });

    test('is counted for all connections of the app together', async () => {
      const again = await deployment.connect({ ...story, answers: { 'photos.read': 'allow' } });
      await bound(story, { most: '1' });
      expect(outcomeOf(await ask({ ...story, connection: again }))).toBe('token');
      expect(outcomeOf(await ask(story))).toBe('interaction_required');
    });

    test('is not counted where the Host was not asked, could not be, or the owner said yes to just this', async () => {
      await bound(story, { most: '1' });
      deployment.host.script = { transfer: () => ({ status: 503, json: { error: 'temporarily_unavailable' } }) };
      expect((await ask(story)).status).toBe(503);
      expect(await usedOf(story)).toBe(0);
      deployment.host.reset();
      const asked = await ask(story, { scope: 'photos.read photos.write' });
      const { pathname } = new URL(String(asked.json['interaction_uri']));
      const all = { 'scope:photos.read': 'yes', 'scope:photos.write': 'yes' };
      await story.owner.browser.submit(pathname, pathname, { ...all, answer: 'once' });
      expect(outcomeOf(await ask(story, { scope: 'photos.read photos.write' }))).toBe('token');
      expect(await usedOf(story)).toBe(0);
    });

    test('takes as many statements as what is allowed without a limit', async () => {
      const statements = async () => {
        const counts = await countStatements(() => ask(story), isOfRequest);
        return [...counts].filter(([name]) => name.startsWith('transfer_')).reduce((sum, [, count]) => sum + count, 0);
      };
      await ask(story);
      const without = await statements();
      await bound(story, { most: '9' });
      expect([without > 0, await statements(), await usedOf(story)]).toEqual([true, without, 1]);
    });
  });
}
