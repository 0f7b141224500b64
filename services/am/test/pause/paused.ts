import { beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import { answersOf, batch } from '../support/batch.ts';
import { CLEAN_AUDIT, type Story } from '../support/deployment.ts';
import { exchange, withoutRequestId } from '../support/requester.ts';
import { ask, connectedAgain, deployment, fresh, grantOf, pathOf, pause, REFUSED, resume, wordsOf } from './scene.ts';

/** What an app is answered, and what it keeps, while it is paused. PROTOCOL §7. */
export function pausedApps(): void {
  let story: Story;
  beforeEach(async () => {
    deployment.host.reset();
    story = await fresh();
  });

  describe('an app that its owner has paused', () => {
    test('is refused by every process from the answer on, is told so, and goes on when it is resumed', async () => {
      expect((await ask(story)).status).toBe(200);
      deployment.host.hops.length = 0;
      expect((await pause(story)).headers.location).toBe(pathOf(story));
      for (const { port } of deployment.ams) {
        const refused = await ask(story, { port });
        expect([refused.status, refused.json, refused.headers['retry-after']]).toEqual([
          400,
          expect.objectContaining(REFUSED),
          '3600',
        ]);
      }
      expect(deployment.host.hops).toEqual([]);
      expect((await resume(story)).status).toBe(303);
      expect((await ask(story)).status).toBe(200);
      expect(await deployment.audit()).toEqual(CLEAN_AUDIT);
    });

    test('is refused the same whatever it asks for, known or not', async () => {
      await pause(story);
      const about = async (over: { resource?: string; scope?: string }) => {
        const { requester, connection } = story;
        const asked = { resource: deployment.host.resource, scope: 'photos.read', ...over };
        return withoutRequestId(await requester.transfer({ connection, ...asked }));
      };
      const [known, ...others] = [
        await about({}),
        await about({ resource: 'https://nobody.example/api' }),
        await about({ scope: 'no.such' }),
      ];
      for (const other of others) expect(other).toBe(known);
    });

    test('is paused in what is connected meanwhile, too, as the page says, and goes on in all of it', async () => {
      const consentOf = async ({ owner }: Pick<Story, 'owner'>) =>
        (await owner.browser.get((await story.requester.push()).path)).words;
      expect(await consentOf(story)).not.toContain('You have paused');
      await pause(story, 'hour');
      expect(await consentOf(story)).toContain('You have paused Reader, and it stays paused');
      const again = await connectedAgain(story);
      for (const one of [again, story]) expect((await ask(one)).json).toMatchObject(REFUSED);
      const ends = await deployment.rows(
        'select distinct paused_until from oauth_grant where id = any ($1) and paused_until is not null',
        [[again, story].map(({ connection }) => connection.id)],
      );
      expect(ends).toHaveLength(1);
      // another owner of the same app has paused nothing
      const owner = await deployment.owner();
      const other = { ...story, owner, linkId: await deployment.link(owner) };
      expect(await consentOf(other)).not.toContain('You have paused');
      expect((await ask(await connectedAgain(other))).status).toBe(200);
      await resume(story);
      for (const one of [again, story, await connectedAgain(story)]) expect((await ask(one)).status).toBe(200);
    });

    test('and agreed to at the same moment is paused in both connections, whichever came first', async () => {
      for (const { port } of [...deployment.ams, ...deployment.ams]) {
        const of = await fresh();
        const [again] = await Promise.all([connectedAgain(of), pause(of, 'open', port)]);
        for (const one of [again, of]) expect((await ask(one)).json).toMatchObject(REFUSED);
      }
    });

    test('before its pause covered what is connected meanwhile says how many of its connections are', async () => {
      const { connection } = await connectedAgain(story);
      await pause(story);
      await deployment.rows('update oauth_grant set paused_until = null where id = $1', [connection.id]);
      expect(await wordsOf(story)).toMatch(/By 1 of its 2 connections/);
    });

    test('and asks to add something to a connection stays paused with it, as the page says', async () => {
      await pause(story);
      const wants = JSON.stringify([{ scope: 'albums.read', purpose: 'to sort them' }]);
      const { path } = await story.requester.push({ chatelaine_wants: wants });
      const { words } = await story.owner.browser.get(path);
      expect(words).toContain('and it stays paused: what you allow here counts when you resume it');
    });

    test('goes on by itself when its time is over', async () => {
      await pause(story, 'hour');
      expect(await wordsOf(story)).toMatch(/gets no key through here until .* UTC ?, or until you resume it/);
      const refused = await ask(story);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      await deployment.rows('update oauth_grant set paused_until = now() where id = $1', [story.connection.id]);
      expect((await ask(story)).status).toBe(200);
      expect(await wordsOf(story)).not.toContain('or until you resume it');
    });

    test('has its access at Hosts ended, says which have confirmed, and has fresh grants afterwards', async () => {
      const before = await grantOf(story);
      await ask(story);
      await pause(story);
      expect(await grantOf(story)).not.toBe(before);
      await eventually(() =>
        deployment.host.revoked.some(({ hint, token }) => hint === 'transfer_grant' && token === before),
      );
      await eventually(async () => (await wordsOf(story)).includes('Photos confirmed'));
      await resume(story);
      deployment.host.hops.length = 0;
      expect((await ask(story)).status).toBe(200);
      expect(deployment.host.hops[0]?.statement['grant_id']).toBe(await grantOf(story));
      expect(await wordsOf(story)).not.toContain('The services were told');
    });

    test('keeps its connection, its tokens and its answers', async () => {
      await pause(story);
      const rules = () =>
        deployment.rows('select id, expires_at from rule where connection_id = $1 order by id', [story.connection.id]);
      const before = await rules();
      const { requester, connection } = story;
      const refresh = { grant_type: 'refresh_token', refresh_token: connection.refreshToken };
      const refreshed = await requester.post('/token', { ...(await requester.authentication()), ...refresh });
      expect(refreshed.status).toBe(200);
      await resume(story);
      const fresh = { ...connection, accessToken: String(refreshed.json['access_token']) };
      expect((await ask({ ...story, connection: fresh })).status).toBe(200);
      expect(await rules()).toEqual(before);
    });

    test('is paused in all its connections, and says so to a batch call and to who reads its targets', async () => {
      const again = await connectedAgain(story);
      await pause(story);
      expect((await ask(again)).json).toMatchObject(REFUSED);
      const items = [{ id: '1', resource: deployment.host.resource, scope: 'photos.read' }];
      expect(answersOf(await batch(deployment, again, { items }))).toEqual([
        expect.objectContaining({ ...REFUSED, id: '1', status: 400, retry_after: 3600 }),
      ]);
      const { accessToken } = story.connection;
      const dpop = [await story.requester.proof('/targets', { htm: 'GET', accessToken })];
      const headers = { authorization: `DPoP ${accessToken}`, dpop };
      const targets = await exchange(deployment.ams[0].port, { method: 'GET', path: '/targets', headers });
      expect(targets.json).toMatchObject({ paused: true });
      expect((await story.owner.browser.get('/apps')).words).toContain('paused');
    });

    test('that waits for an answer waits on, and gets it once it is resumed', async () => {
      const waiting = await ask(story, { scope: 'photos.write', params: { completion_mode: 'deferred' } });
      const code = String(waiting.json['deferral_code']);
      const due = () =>
        deployment.rows('update deferral set next_poll_at = now() where connection_id = $1', [story.connection.id]);
      await pause(story);
      const refused = await story.requester.poll(code);
      expect([refused.status, refused.json['error'], refused.headers['retry-after']]).toEqual([
        503,
        'temporarily_unavailable',
        '3600',
      ]);
      await resume(story);
      const { pathname } = new URL(String(waiting.json['interaction_uri']));
      await story.owner.browser.submit(pathname, pathname, { answer: 'once' });
      await due();
      expect((await story.requester.poll(code)).status).toBe(200);
    });

    test('is told to its owner: in the activity, and why a request got nothing', async () => {
      await pause(story, 'hour');
      await ask(story);
      const words = (await story.owner.browser.get('/timeline')).words;
      expect(words).toMatch(/You paused Reader until .* UTC\. It gets no key meanwhile\./);
      expect(words).toContain('and got none: you had paused it.');
      const [row] = await deployment.rows<{ id: string }>('select id from transfer where connection_id = $1', [
        story.connection.id,
      ]);
      expect((await story.owner.browser.get(`/timeline/${row?.id}`)).words).toContain('You had paused Reader');
      await resume(story);
      expect((await story.owner.browser.get('/timeline')).words).toContain('You let Reader go on.');
    });
  });
}
