import { describe, expect, test } from '@jest/globals';
import type { Story } from '../support/deployment.ts';
import { deployment, person } from './scene.ts';

/** How long an owner's activity is kept. */
export function makingCheckpoints(): void {
  describe('how long activity is kept', () => {
    const chosen = async ({ owner }: Story) =>
      deployment.rows('select keep_days as days from owner where id = $1', [owner.id]);

    test('is for its owner to shorten, and to undo; that they did is in it', async () => {
      const of = await person();
      const { browser } = of.owner;
      const to = (days: string) => browser.submit('/timeline/keep', '/timeline/keep', { days });
      expect((await to('30')).status).toBe(303);
      expect(await chosen(of)).toEqual([{ days: 30 }]);
      expect((await to('')).status).toBe(303);
      expect(await chosen(of)).toEqual([{ days: null }]);
      const { words } = await browser.get('/timeline');
      expect(words).toContain('You chose to keep your activity for 30 days: what is older is deleted.');
      expect(words).toContain('You chose to keep your activity as long as this server does.');
    });

    test('is one of what is offered, by the form of its page, and by nobody who found a browser open', async () => {
      const of = await person();
      const { browser } = of.owner;
      for (const days of ['0', '-1', '31', '30.0', '1e1', '99999'])
        expect((await browser.submit('/timeline/keep', '/timeline/keep', { days })).status).toBe(400);
      expect((await browser.post('/timeline/keep', { days: '7' })).status).toBe(403);
      await deployment.rows(`update session set created_at = now() - interval '1 hour' where account_id = $1`, [
        of.owner.id,
      ]);
      const answer = await browser.get('/timeline/keep');
      expect([answer.status, answer.headers.location]).toEqual([303, '/account/confirm?return_to=%2Ftimeline%2Fkeep']);
      expect(await chosen(of)).toEqual([{ days: null }]);
    });
  });
}
