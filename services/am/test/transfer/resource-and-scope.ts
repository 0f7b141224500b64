import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Owner, Story } from '../support/deployment.ts';
import { withoutRequestId } from '../support/requester.ts';
import { ask, deployment, refused, story, stranger } from './scene.ts';

/** The resource and scope that are asked for, and the rules about them. */
export function resourceAndScope(): void {
  describe('a resource', () => {
    it('of a Host that is unknown, not linked, not shown, broken or another’s gets one and the same no', async () => {
      const hidden = await deployment.owner(); // has no link at all
      const link = await deployment.link(hidden);
      const other = deployment.requester();
      const ended = await deployment.connect({
        owner: hidden,
        requester: other,
        linkId: link,
        answers: { 'photos.read': 'allow' },
      });
      await hidden.browser.submit('/hosts', `/hosts/${link}/stop`);
      const broken = await deployment.story({ 'photos.read': 'allow' });
      await deployment.rows(`update link set state = 'broken' where id = $1`, [broken.linkId]);
      const notShown = await deployment.beside(story, { 'photos.read': 'allow' });
      await deployment.rows('delete from connection_host where connection_id = $1', [notShown.connection.id]);
      const { resource } = deployment.host;
      const answers = await Promise.all([
        ask({ resource: 'http://nobody.localhost:9/api' }),
        ask({ resource: `${resource}/` }),
        ask({ resource: deployment.host.issuer }),
        ask({ resource: resource.replace('photos.', 'Photos.') }),
        ask({ params: { audience: 'http://nobody.localhost:9' } }),
        ask({ resource: deployment.issuer }), // X14: the AM itself
        ask({ resource: `${deployment.issuer}/api` }),
        ask({ resource: 'ftp://photos.localhost/api' }),
        other.transfer({ connection: ended, resource, scope: 'photos.read' }),
        ask({}, broken),
        ask({}, notShown),
      ]);
      const texts = answers.map((answer) => `${answer.status} ${withoutRequestId(answer)}`);
      expect(new Set(texts)).toEqual(
        new Set([
          '400 {"error":"invalid_target","error_description":"This ' +
            'connection cannot obtain tokens for that resource."}',
        ]),
      );
      expect(deployment.host.hops).toEqual([]);
    });

    it('of another owner’s link is never reached, though the Host is the same', async () => {
      await ask({}, stranger);
      const [theirs] = deployment.host.hops.splice(0);
      await ask();
      const [ours] = deployment.host.hops;
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
      expect((await ask({ params: { audience: deployment.host.issuer } })).status).toBe(200);
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
      const shrunk = await deployment.story({ 'photos.read': 'allow', 'albums.read': 'allow' });
      await deployment.rows(`update link set transfer_scope = array['photos.read'] where id = $1`, [shrunk.linkId]);
      await refused(ask({ scope: 'albums.read' }, shrunk), 'invalid_scope');
      expect((await ask({}, shrunk)).status).toBe(200);
    });

    it('that a rule denies is access_denied by the AM, the whole of it', async () => {
      const denied = await deployment.beside(story, { 'photos.read': 'allow', 'photos.write': 'allow' });
      await deployment.rows(`update rule set effect = 'deny' where connection_id = $1 and scope = 'photos.write'`, [
        denied.connection.id,
      ]);
      const answer = await refused(ask({ scope: 'photos.read photos.write' }, denied), 'access_denied');
      expect(answer.json).toMatchObject({ denied_by: 'am', requestable: false });
    });
  });

  describe('the rules', () => {
    let unreadable: { owner: Owner } & Story;
    beforeAll(async () => {
      unreadable = await deployment.beside(story, { 'photos.read': 'allow' });
    });

    it('that cannot be read close the door: 503, never a token', async () => {
      await deployment.rows('alter table rule drop constraint rule_effect_check');
      await deployment.rows(`update rule set effect = 'maybe' where connection_id = $1`, [unreadable.connection.id]);
      const answer = await ask({}, unreadable);
      expect({ status: answer.status, error: answer.json['error'] }).toEqual({
        status: 503,
        error: 'temporarily_unavailable',
      });
      expect(answer.headers['retry-after']).toBeDefined();
      expect(deployment.host.hops).toEqual([]);
    });

    it('of one connection never become rules for all when it goes', async () => {
      const gone = await deployment.beside(story, { 'photos.read': 'allow' });
      await deployment.rows('delete from connection_host where connection_id = $1', [gone.connection.id]);
      await deployment.rows('delete from connection where id = $1', [gone.connection.id]);
      expect(
        await deployment.rows('select effect from rule where connection_id is null or connection_id = $1', [
          gone.connection.id,
        ]),
      ).toEqual([]);
    });

    it('that are missing mean that the owner is asked', async () => {
      const without = await deployment.beside(story, { 'photos.read': 'allow' });
      await deployment.rows('delete from rule where connection_id = $1', [without.connection.id]);
      await refused(ask({}, without), 'interaction_required');
    });
  });
}
