import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Owner, Story } from '../support/house.ts';
import { ask, house, refused, story, stranger } from './scene.ts';

/** Resource and scope, and the rules about them. */
export function whatIsAsked(): void {
  describe('a resource', () => {
    it('of a Host that is unknown, not linked, not shown, broken, or another owner’s gets one and the same answer', async () => {
      const hidden = await house.owner(); // has no link at all
      const link = await house.link(hidden);
      const other = house.requester();
      const ended = await house.connect({
        owner: hidden,
        requester: other,
        linkId: link,
        answers: { 'photos.read': 'allow' },
      });
      await hidden.browser.submit('/hosts', `/hosts/${link}/stop`);
      const broken = await house.story({ 'photos.read': 'allow' });
      await house.rows(`update link set state = 'broken' where id = $1`, [broken.linkId]);
      const notShown = await house.beside(story, { 'photos.read': 'allow' });
      await house.rows('delete from connection_host where connection_id = $1', [notShown.connection.id]);
      const { resource } = house.host;
      const answers = await Promise.all([
        ask({ resource: 'http://nobody.localhost:9/api' }),
        ask({ resource: `${resource}/` }),
        ask({ resource: house.host.issuer }),
        ask({ resource: resource.replace('photos.', 'Photos.') }),
        ask({ params: { audience: 'http://nobody.localhost:9' } }),
        ask({ resource: house.issuer }), // X14: the AM itself
        ask({ resource: `${house.issuer}/api` }),
        ask({ resource: 'ftp://photos.localhost/api' }),
        other.transfer({ connection: ended, resource, scope: 'photos.read' }),
        ask({}, broken),
        ask({}, notShown),
      ]);
      const texts = answers.map(({ status, text }) => `${status} ${text}`);
      expect(new Set(texts)).toEqual(
        new Set([
          '400 {"error":"invalid_target","error_description":"This connection cannot obtain tokens for that resource."}',
        ]),
      );
      expect(house.host.hops).toEqual([]);
    });

    it('of another owner’s link is never reached, though the Host is the same', async () => {
      await ask({}, stranger);
      const [theirs] = house.host.hops.splice(0);
      await ask();
      const [ours] = house.host.hops;
      expect(ours?.form.get('subject_token')).not.toBe(theirs?.form.get('subject_token'));
      expect(ours?.statement['grant_id']).not.toBe(theirs?.statement['grant_id']);
    });

    it.each([
      ['none', undefined],
      ['a relative one', '/api'],
      ['one with a fragment', 'http://photos.localhost/api#x'],
    ])('that is malformed is an invalid_request: %s', async (_what, resource) => {
      await refused(ask({ params: { resource } }), 'invalid_request');
    });

    it('may come with the issuer of the same Host as audience', async () => {
      expect((await ask({ params: { audience: house.host.issuer } })).status).toBe(200);
    });
  });

  describe('a scope', () => {
    it.each([
      ['beyond the consent', 'albums.read'],
      ['partly beyond it', 'photos.read albums.read'],
      ['in other letters', 'Photos.Read'],
      ['that looks alike', 'рhotos.read'],
      ['that is empty', ''],
      ['with two spaces', 'photos.read  photos.read'],
      ['of a thousand values', Array.from({ length: 1000 }, (_, i) => `s${i}`).join(' ')],
      ['of the connection itself', 'transfer'],
    ])('%s is invalid_scope', async (_what, scope) => {
      await refused(ask({ scope }), 'invalid_scope');
    });

    it('beyond what the Host lets the AM hand on is invalid_scope, though the owner agreed to it before', async () => {
      const shrunk = await house.story({ 'photos.read': 'allow', 'albums.read': 'allow' });
      await house.rows(`update link set transfer_scope = array['photos.read'] where id = $1`, [shrunk.linkId]);
      await refused(ask({ scope: 'albums.read' }, shrunk), 'invalid_scope');
      expect((await ask({}, shrunk)).status).toBe(200);
    });

    it('that a rule denies is access_denied by the AM, the whole of it', async () => {
      const denied = await house.beside(story, { 'photos.read': 'allow', 'photos.write': 'allow' });
      await house.rows(`update rule set effect = 'deny' where connection_id = $1 and scope = 'photos.write'`, [
        denied.connection.id,
      ]);
      const answer = await refused(ask({ scope: 'photos.read photos.write' }, denied), 'access_denied');
      expect(answer.json).toMatchObject({ denied_by: 'am', requestable: false });
    });
  });

  describe('the rules', () => {
    let unreadable: { owner: Owner } & Story;
    beforeAll(async () => {
      unreadable = await house.beside(story, { 'photos.read': 'allow' });
    });

    it('that cannot be read close the door: 503, never a token', async () => {
      await house.rows('alter table rule drop constraint rule_effect_check');
      await house.rows(`update rule set effect = 'maybe' where connection_id = $1`, [unreadable.connection.id]);
      const answer = await ask({}, unreadable);
      expect({ status: answer.status, error: answer.json['error'] }).toEqual({
        status: 503,
        error: 'temporarily_unavailable',
      });
      expect(answer.headers['retry-after']).toBeDefined();
      expect(house.host.hops).toEqual([]);
    });

    it('of one connection never become rules for all when it goes', async () => {
      const gone = await house.beside(story, { 'photos.read': 'allow' });
      await house.rows('delete from connection_host where connection_id = $1', [gone.connection.id]);
      await house.rows('delete from connection where id = $1', [gone.connection.id]);
      expect(
        await house.rows('select effect from rule where connection_id is null or connection_id = $1', [
          gone.connection.id,
        ]),
      ).toEqual([]);
    });

    it('that are missing mean that the owner is asked', async () => {
      const without = await house.beside(story, { 'photos.read': 'allow' });
      await house.rows('delete from rule where connection_id = $1', [without.connection.id]);
      await refused(ask({}, without), 'interaction_required');
    });
  });
}
