import { describe, expect, test } from '@jest/globals';
import { linkTokens } from '../support/test-host.ts';
import { makeLink } from '../support/world.ts';
import { person, settled, stranger, world } from './scene.ts';

/** Links are stopped and named. */
export function stoppingLinks(): void {
  describe('stopping a link', () => {
    test('it is over with the answer; the Host is told with the refresh token, nothing usable is kept', async () => {
      const own = 'the refresh token of this link';
      world.host.behaviour.token = () => ({ status: 200, json: linkTokens({ refresh_token: own }) });
      const linkId = await makeLink(world, person);
      const answer = await person.browser.submit('/hosts', `/hosts/${linkId}/stop`);
      expect(answer.status).toBe(303);
      const { rows } = await world.pool.query('select state from link where id = $1', [linkId]);
      expect(rows[0]?.state).toBe('ended');
      await settled(linkId);
      // revocations of earlier tests may be sent only now, too
      const revocations = world.host.callsOf('/revoke').filter(({ form }) => form.get('token') === own);
      expect(revocations.map(({ form }) => form.get('token_type_hint'))).toEqual(['refresh_token']);
      const after = await world.pool.query(
        'select access_token, refresh_token, access_expires_at from link where id = $1',
        [linkId],
      );
      expect(after.rows[0]).toEqual({ access_token: null, refresh_token: null, access_expires_at: null });
      expect((await person.browser.get('/timeline')).words).toContain('you stopped it');
    });

    test('another person’s link is not there: not to stop, not to name, not to see', async () => {
      const linkId = await makeLink(world, stranger);
      expect((await person.browser.submit('/hosts', `/hosts/${linkId}/stop`)).status).toBe(404);
      expect((await person.browser.submit('/hosts/add', `/hosts/${linkId}/name`, { label: 'mine' })).status).toBe(404);
      expect((await person.browser.get('/hosts')).text).not.toContain(linkId);
      const { rows } = await world.pool.query('select state, label from link where id = $1', [linkId]);
      expect(rows[0]).toMatchObject({ state: 'active' });
      expect(rows[0]?.label).not.toBe('mine');
    });

    test('a link can be named, and has its first name back; what hides or turns text is no name', async () => {
      const linkId = await makeLink(world, person);
      const labelOf = async () =>
        (await world.pool.query<{ label: string }>('select label from link where id = $1', [linkId])).rows[0]?.label;
      const first = await labelOf();
      expect(
        (await person.browser.submit('/hosts', `/hosts/${linkId}/name`, { label: 'the family <b>album</b>' })).status,
      ).toBe(303);
      const page = await person.browser.get('/hosts');
      expect(page.text).not.toContain('<b>album');
      expect(page.words).toContain('the family <b>album</b>');
      for (const label of ['x'.repeat(61), 'a\u202eb', 'a\u200bb']) {
        expect((await person.browser.submit('/hosts', `/hosts/${linkId}/name`, { label })).status).toBe(400);
      }
      expect(await labelOf()).toBe('the family <b>album</b>');
      for (const label of ['', '   '])
        expect((await person.browser.submit('/hosts', `/hosts/${linkId}/name`, { label })).status).toBe(303);
      expect(await labelOf()).toBe(first);
    });
  });
}
