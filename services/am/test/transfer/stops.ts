import { describe, expect, it } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import type { Story } from '../support/deployment.ts';
import { disconnectWaiting, whileLocked, waitingBackends } from '../support/locks.ts';
import { ANSWERS, deployment } from './scene.ts';
import { ask, errorOf, fresh, grantsOf, pauseHost, stop } from './stopped-scene.ts';

type Revoked = (typeof deployment.host.revoked)[number];

/** What the owner stops or changes while a transfer is under way. */
export function stops(): void {
  describe('what the owner stops while the Host is being asked', () => {
    it.each<[string, (story: Story) => Promise<{ status: number }>]>([
      ['the connection', (story) => stop(story)],
      ['the connection, at the other process', (story) => stop(story, deployment.ams[1].port)],
      ['the link', ({ owner, linkId }) => owner.browser.submit('/hosts', `/hosts/${linkId}/stop`)],
      ['everything', ({ owner }) => owner.browser.submit('/apps', '/stop-everything')],
    ])('%s: nothing is handed out, the row says withheld, and the Host is told', async (what, stopIt) => {
      const story = what.startsWith('the connection') ? await fresh() : await deployment.story(ANSWERS);
      const paused = pauseHost();
      const pending = ask(story);
      await deployment.host.until(() => deployment.host.hops.length === 1);
      expect((await stopIt(story)).status).toBeLessThan(400);
      paused.open();
      const answer = await pending;
      expect(answer.json).toEqual({
        error: 'invalid_request',
        error_description: 'The subject_token or actor_token is not acceptable.',
      });
      expect(answer.status).toBe(400);
      const token = deployment.host.minted.at(-1)?.token;
      expect(answer.text).not.toContain(token);
      expect(await deployment.transfers(story.connection)).toEqual([expect.objectContaining({ state: 'withheld' })]);
      const [grantId] = await grantsOf(story);
      // revocations of earlier tests may be sent only now, too
      const isRevocation = what.startsWith('the connection')
        ? ({ token, hint }: Revoked) => hint === 'transfer_grant' && token === grantId
        : ({ token, hint }: Revoked) => hint === 'refresh_token' && token.startsWith('rt-');
      await eventually(() => deployment.host.revoked.some(isRevocation));
    });

    it('is not handed out either when the connection only ran out meanwhile', async () => {
      const story = await fresh();
      const paused = pauseHost();
      const pending = ask(story);
      await deployment.host.until(() => deployment.host.hops.length === 1);
      await deployment.rows('update oauth_grant set expires_at = now() where id = $1', [story.connection.id]);
      paused.open();
      expect(errorOf(await pending)).toBe('400 invalid_request');
      expect(await deployment.transfers(story.connection)).toEqual([expect.objectContaining({ state: 'withheld' })]);
    });
  });

  describe('after a stop was answered', () => {
    it('every process refuses, from the first request on, and the Host is not called', async () => {
      for (const [stopped, other] of [deployment.ams, deployment.ams.toReversed()]) {
        const story = await fresh();
        expect((await ask(story, { port: other?.port ?? 0 })).status).toBe(200);
        deployment.host.hops.length = 0;
        expect((await stop(story, stopped?.port)).status).toBe(303);
        const answers = await Promise.all(deployment.ams.map(({ port }) => ask(story, { port })));
        expect(answers.map(errorOf)).toEqual(['400 invalid_request', '400 invalid_request']);
        expect(deployment.host.hops).toEqual([]);
      }
    });

    it('no transfer out of many in flight at both processes hands anything out that began after it', async () => {
      const story = await fresh();
      const results: { began: number; status: number }[] = [];
      let stopped = Infinity;
      const one = async (at: number): Promise<void> => {
        const began = performance.now();
        const { status } = await ask(story, { port: deployment.ams[at % 2]?.port ?? 0 });
        results.push({ began, status });
      };
      const running = Array.from({ length: 12 }, (_, at) => one(at));
      const stopping = stop(story).then(() => {
        stopped = performance.now();
      });
      await stopping;
      await Promise.all([...running, ...Array.from({ length: 6 }, (_, at) => one(at))]);
      expect(results.filter(({ began, status }) => began > stopped && status === 200)).toEqual([]);
      expect(results.filter(({ began }) => began > stopped)).toHaveLength(6);
    });

    it('the answer is 503, never 303, when the database failed under it; then nothing was stopped', async () => {
      const story = await fresh();
      const { browser } = story.owner;
      const page = await browser.get('/apps');
      const token = /name="_csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
      await whileLocked(deployment, `select 1 from owner where id = '${story.owner.id}' for update`, async () => {
        const stopping = browser.post(`/apps/${story.connection.id}/stop`, { _csrf: token });
        await disconnectWaiting(deployment);
        expect((await stopping).status).toBe(503);
      });
      expect((await ask(story)).status).toBe(200);
      expect((await stop(story)).status).toBe(303);
      expect(errorOf(await ask(story))).toBe('400 invalid_request');
    });
  });

  describe('what the owner changes between decision and intent', () => {
    it('is decided anew, and the row names the version that was used', async () => {
      const story = await fresh();
      const version = async () =>
        (
          await deployment.rows<{ v: string }>('select policy_version as v from owner where id = $1', [story.owner.id])
        )[0]?.v;
      await whileLocked(deployment, 'lock table transfer in exclusive mode', async (release) => {
        const pending = ask(story);
        await waitingBackends(deployment);
        await deployment.rows('update owner set policy_version = policy_version + 1 where id = $1', [story.owner.id]);
        await release();
        expect((await pending).status).toBe(200);
      });
      expect(await deployment.transfers(story.connection)).toEqual([
        expect.objectContaining({ state: 'minted', policy_version: await version() }),
      ]);
    });

    it.each<[string, string, string]>([
      ['a rule that denies', `update rule set effect = 'deny' where connection_id = $1`, '400 access_denied'],
      ['a rule that asks', `update rule set effect = 'ask' where connection_id = $1`, '400 interaction_required'],
      ['the end of the connection', `select oauth_end_grant($1, 'owner')`, '400 invalid_request'],
      [
        'the end of the link',
        `select end_link(l.owner_id, l.id) from link l join connection_host ch on ch.link_id = l.id
          where ch.connection_id = $1`,
        '400 invalid_target',
      ],
    ])('%s holds, and the Host is not called', async (_what, sql, expected) => {
      const story = await deployment.story(ANSWERS);
      await whileLocked(deployment, 'lock table transfer in exclusive mode', async (release) => {
        const pending = ask(story);
        await waitingBackends(deployment);
        await deployment.rows(sql, [story.connection.id]);
        await deployment.rows('update owner set policy_version = policy_version + 1 where id = $1', [story.owner.id]);
        await release();
        expect(errorOf(await pending)).toBe(expected);
      });
      expect(deployment.host.hops).toEqual([]);
      expect(await deployment.transfers(story.connection)).toEqual([]);
    });
  });
}
