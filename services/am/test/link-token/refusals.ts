import { describe, expect, test } from '@jest/globals';
import { linkTokens } from '../support/test-host.ts';
import { makeLink } from '../support/world.ts';
import { get, person, world } from './scene.ts';

/** What a Host answers instead of a token, and which of these answers a link survives. */
export function refusedRefreshes(): void {
  describe('the token of a link', () => {
    test.each([
      ['invalid_client', { status: 401, json: { error: 'invalid_client' } }, { kind: 'unusable' }],
      ['a server error', { status: 500, json: { error: 'server_error' } }, { kind: 'unusable' }],
      [
        'invalid_grant with a status that is not its own',
        { status: 503, json: { error: 'invalid_grant' } },
        { kind: 'busy', retryAfter: 5 },
      ],
      ['a page', { status: 200, json: 'hello' }, { kind: 'unusable' }],
      ['another scope', { status: 200, json: linkTokens({ scope: 'photos.read' }) }, { kind: 'unusable' }],
    ])('%s does not break it', async (_name, reply, expected) => {
      const linkId = await makeLink(world, person);
      world.host.behaviour.token = () => reply;
      expect(await get(linkId, 'now')).toEqual(expected);
      world.host.behaviour = {};
      expect((await get(linkId, 'now')).kind).toBe('token');
    });

    test('how long the Host wants to be left alone is passed on', async () => {
      const linkId = await makeLink(world, person);
      world.host.behaviour.token = () => ({
        status: 429,
        json: { error: 'temporarily_unavailable' },
        headers: { 'retry-after': '7' },
      });
      expect(await get(linkId, 'now')).toEqual({ kind: 'busy', retryAfter: 7 });
    });

    test('a Host that hangs is a timeout within its limit', async () => {
      const linkId = await makeLink(world, person);
      world.host.behaviour.token = () => 'hang';
      expect(await get(linkId, 'now')).toEqual({ kind: 'timeout' });
    });

    test('encrypted for one link, it cannot be decrypted for another', async () => {
      const [a, b] = [await makeLink(world, person), await makeLink(world, person)];
      await world.pool.query(
        'update link t set access_token = s.access_token from link s where t.id = $1 and s.id = $2',
        [a, b],
      );
      expect(await get(a)).toEqual({ kind: 'unopened' });
      await world.pool.query('update link set access_token = refresh_token where id = $1', [b]);
      expect(await get(b)).toEqual({ kind: 'unopened' });
    });
  });
}
