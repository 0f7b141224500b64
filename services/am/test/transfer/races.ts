import { describe, expect, it } from '@jest/globals';
import type { Story } from '../support/deployment.ts';
import { disconnectWaiting, whileLocked, waitingBackends } from '../support/locks.ts';
import { eventually } from '../support/world.ts';
import { deployment } from './scene.ts';
import { ask, errorOf, fresh, pauseHost } from './stopped-scene.ts';

/** What must happen only once, also when the database fails meanwhile. */
export function races(): void {
  describe('an approval', () => {
    it('is used by exactly one of thirty transfers that want it at once, over two processes', async () => {
      const story = await fresh();
      const asked = await ask(story, { scope: 'photos.write' });
      const path = new URL(String(asked.json['interaction_uri'])).pathname;
      await story.owner.browser.submit(path, path, { answer: 'once' });
      // none begins before most of them have found the approval
      const answers = await whileLocked(deployment, 'lock table transfer in exclusive mode', async (release) => {
        const pending = Array.from({ length: 30 }, (_, at) =>
          ask(story, { scope: 'photos.write', port: deployment.ams[at % 2]?.port ?? 0 }),
        );
        await waitingBackends(deployment, 20);
        await release();
        return Promise.all(pending);
      });
      const counts = Map.groupBy(answers, errorOf);
      expect(counts.get('200 undefined')).toHaveLength(1);
      expect(counts.get('400 interaction_required')).toHaveLength(29);
      expect(new Set(counts.get('400 interaction_required')?.map(({ json }) => json['interaction_uri'])).size).toBe(1);
      expect(deployment.host.hops).toHaveLength(1);
      expect(await deployment.transfers(story.connection)).toEqual([expect.objectContaining({ state: 'minted' })]);
    });
  });

  describe('a request that comes twice', () => {
    it.each<[string, (story: Story) => Promise<{ proofs?: string[]; params?: Record<string, string> }>, string]>([
      [
        'DPoP proof',
        async ({ requester }) => ({ proofs: [await requester.proof('/token')] }),
        '400 invalid_dpop_proof',
      ],
      [
        'client assertion',
        async ({ requester }) => ({ params: await requester.authentication() }),
        '401 invalid_client',
      ],
    ])(
      'with the same %s is served once, however many arrive at once at both processes',
      async (_what, same, expected) => {
        const story = await fresh();
        const over = await same(story);
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, at) => ask(story, { ...over, port: deployment.ams[at % 2]?.port ?? 0 })),
        );
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
        expect(new Set(answers.filter(({ status }) => status !== 200).map(errorOf))).toEqual(new Set([expected]));
        expect(deployment.host.hops).toHaveLength(1);
        expect(errorOf(await ask(story, { ...over, port: deployment.ams[1].port }))).toBe(expected);
      },
    );

    it('is refused at the other process after it was refused at the first', async () => {
      const story = await fresh();
      const proofs = [await story.requester.proof('/token')];
      expect(errorOf(await ask(story, { proofs, scope: 'albums.read' }))).toBe('400 invalid_scope');
      expect(errorOf(await ask(story, { proofs, port: deployment.ams[1].port }))).toBe('400 invalid_dpop_proof');
      expect(deployment.host.hops).toEqual([]);
    });

    it('uses up an approval only if its proof was fresh', async () => {
      const story = await fresh();
      const asked = await ask(story, { scope: 'photos.write' });
      const path = new URL(String(asked.json['interaction_uri'])).pathname;
      await story.owner.browser.submit(path, path, { answer: 'once' });
      const proofs = [await story.requester.proof('/token')];
      await ask(story, { proofs, scope: 'albums.read' });
      expect(errorOf(await ask(story, { proofs, scope: 'photos.write' }))).toBe('400 invalid_dpop_proof');
      expect((await ask(story, { scope: 'photos.write' })).status).toBe(200);
    });
  });

  describe('a database that fails', () => {
    it('while the intent is written: 503 with Retry-After, no call to the Host, the approval kept', async () => {
      const story = await fresh();
      const asked = await ask(story, { scope: 'photos.write' });
      const path = new URL(String(asked.json['interaction_uri'])).pathname;
      await story.owner.browser.submit(path, path, { answer: 'once' });
      await whileLocked(deployment, 'lock table transfer in exclusive mode', async () => {
        const pending = ask(story, { scope: 'photos.write' });
        await disconnectWaiting(deployment);
        const answer = await pending;
        expect(errorOf(answer)).toBe('503 temporarily_unavailable');
        expect(answer.headers['retry-after']).toBeDefined();
      });
      expect(deployment.host.hops).toEqual([]);
      expect((await ask(story, { scope: 'photos.write' })).status).toBe(200);
    });

    it('after the Host has minted: 503, and nothing is handed out', async () => {
      const story = await fresh();
      const paused = pauseHost();
      const pending = ask(story);
      await deployment.host.until(() => deployment.host.hops.length === 1);
      await whileLocked(deployment, 'lock table transfer in exclusive mode', async () => {
        paused.open();
        await disconnectWaiting(deployment);
        const answer = await pending;
        expect(errorOf(answer)).toBe('503 temporarily_unavailable');
        expect(answer.text).not.toContain(deployment.host.minted.at(-1)?.token);
      });
      // the process that would have closed the row lost its database: the row stays as evidence of the issued token
      expect(await deployment.transfers(story.connection)).toEqual([expect.objectContaining({ state: 'intent' })]);
      await deployment.rows(`update transfer set state = 'failed', closed_at = now() where state = 'intent'`);
    });

    it('while the link is refreshed: 503, and the transfer is closed', async () => {
      const story = await fresh();
      deployment.host.expireLinkTokens();
      await whileLocked(deployment, `select 1 from link where id = '${story.linkId}' for update`, async () => {
        const pending = ask(story);
        await disconnectWaiting(deployment);
        const answer = await pending;
        expect(errorOf(answer)).toBe('503 temporarily_unavailable');
        expect(answer.headers['retry-after']).toBeDefined();
      });
      await eventually(async () => (await deployment.transfers(story.connection))[0]?.state === 'failed');
      expect((await ask(story)).status).toBe(200);
    });
  });
}
