import { describe, expect, test } from '@jest/globals';
import { linkToken } from '../../src/links/link-token.ts';
import { linkTokens } from '../support/test-host.ts';
import { eventually, makeLink } from '../support/world.ts';
import { deps, get, person, refreshes, world } from './scene.ts';

/** A link that ends, narrows or breaks while its token is used. */
export function endedDuringRefresh(): void {
  const version = async (): Promise<string> =>
    (await world.pool.query('select policy_version from owner where id = $1', [person.ownerId])).rows[0]
      ?.policy_version;

  describe('the token of a link', () => {
    test('stopped while the Host answers with another refresh token: that one is given back to the Host', async () => {
      const linkId = await makeLink(world, person);
      world.host.behaviour.token = async () => {
        const { rows } = await world.pool.query('select end_link($1, $2) as ended', [person.ownerId, linkId]);
        expect(rows).toEqual([{ ended: true }]);
        return { status: 200, json: linkTokens({ refresh_token: 'rotated-too-late' }) };
      };
      expect(await get(linkId, 'now')).toEqual({ kind: 'broken' });
      expect(world.host.callsOf('/revoke').map(({ form }) => form.get('token'))).toContain('rotated-too-late');
    });

    test('a ceiling that changed is stored, and moves the decision version; one that did not, does not', async () => {
      const linkId = await makeLink(world, person);
      const before = await version();
      world.host.behaviour.token = () => ({
        status: 200,
        json: linkTokens({ transfer_scope: 'photos.write photos.read' }),
      });
      await get(linkId, 'now');
      expect(await version()).toBe(before);
      world.host.behaviour.token = () => ({ status: 200, json: linkTokens({ transfer_scope: 'photos.read' }) });
      await get(linkId, 'now');
      expect(await version()).toBe(String(BigInt(before) + 1n));
      const { rows } = await world.pool.query('select transfer_scope from link where id = $1', [linkId]);
      expect(rows[0]?.transfer_scope).toEqual(['photos.read']);
    });

    test('invalid_grant breaks the link, says so to its owner, and the Host is not asked again', async () => {
      const linkId = await makeLink(world, person);
      world.host.behaviour.token = () => ({ status: 400, json: { error: 'invalid_grant' } });
      expect(await get(linkId, 'now')).toEqual({ kind: 'broken' });
      const before = refreshes();
      expect(await get(linkId, 'now')).toEqual({ kind: 'broken' });
      expect(refreshes()).toBe(before);
      expect((await person.browser.get('/hosts')).words).toContain('Photos no longer honours this link');
      expect((await person.browser.get('/timeline')).words).toContain('broke: Photos no longer honours it');
    });

    test('is never given for another owner, an ended link, or none', async () => {
      const linkId = await makeLink(world, person);
      const stranger = await world.person();
      expect(await linkToken(deps, { linkId, ownerId: stranger.ownerId, refresh: 'if-needed' })).toEqual({
        kind: 'broken',
      });
      expect(await get('link_none')).toEqual({ kind: 'broken' });
      await person.browser.submit('/hosts', `/hosts/${linkId}/stop`);
      expect(await get(linkId)).toEqual({ kind: 'broken' });
      expect(await get(linkId, 'now')).toEqual({ kind: 'broken' });
    });

    test('a link stopped while the Host is refreshing it hands out nothing', async () => {
      const linkId = await makeLink(world, person);
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      world.host.behaviour.token = async () => {
        await held;
        return { status: 200, json: linkTokens() };
      };
      const before = refreshes();
      const answer = get(linkId, 'now');
      await eventually(async () => refreshes() > before);
      await person.browser.submit('/hosts', `/hosts/${linkId}/stop`);
      release();
      expect(await answer).toEqual({ kind: 'broken' });
    });
  });
}
