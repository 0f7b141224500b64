import { describe, expect, it } from '@jest/globals';
import type { Answer } from '@chatelaine/test-kit';
import type { Story } from '../support/deployment.ts';
import { whileLocked, whileUncommitted, waitingBackends } from '../support/locks.ts';
import { deployment, story, stranger } from './scene.ts';
import { ask, errorOf, fresh, grantsOf, pauseHost, stop } from './stopped-scene.ts';

const AT_ONCE = 24;

/**
 * The steps of transfers that come at the same moment share a statement, and yet each transfer behaves as if it were
 * alone. ADR 0024
 */
export function concurrentTransfers(): void {
  /** Sends transfers to both processes, to which the Host answers at the same moment. */
  async function atOnce(
    stories: readonly Story[],
    meanwhile: () => Promise<void> = async () => undefined,
  ): Promise<{ by: Story; answer: Answer }[]> {
    const paused = pauseHost();
    const pending = Array.from({ length: AT_ONCE }, async (_, at) => {
      const by = stories[at % stories.length] as Story;
      return { by, answer: await ask(by, { port: deployment.ams[at % 2]?.port ?? 0 }) };
    });
    await deployment.host.until(() => deployment.host.hops.length === AT_ONCE);
    await meanwhile();
    paused.open();
    return Promise.all(pending);
  }
  /** Checks that what waits for a lock is the statement of a single transfer; a shared statement skips locked rows. */
  async function oneWaits(): Promise<void> {
    const rows = await deployment.rows<{ query: string }>('select query from pg_stat_activity where pid = any ($1)', [
      await waitingBackends(deployment),
    ]);
    for (const { query } of rows) expect(query).not.toContain('skip locked');
  }
  const three = async (): Promise<[Story, Story, Story]> => [await fresh(), await fresh(), await fresh()];

  describe('transfers that come at the same moment', () => {
    it('get each a token under their own grant at the Host, bound to their own key, never another’s', async () => {
      const stories = await three();
      const answers = await atOnce(stories);
      for (const { by, answer } of answers) {
        expect(answer.status).toBe(200);
        const minted = deployment.host.minted.find(({ token }) => token === answer.json['access_token']);
        expect(minted).toMatchObject({ jkt: by.requester.key.kid, grantId: (await grantsOf(by))[0] });
      }
      expect(new Set(answers.map(({ answer }) => answer.json['access_token'])).size).toBe(AT_ONCE);
      for (const { connection } of stories)
        expect((await deployment.transfers(connection)).map(({ state }) => state)).toEqual(
          Array.from({ length: AT_ONCE / stories.length }, () => 'minted'),
        );
    });

    it('are refused each for its own reason', async () => {
      const [good, other] = [await fresh(), await fresh()];
      const proof = await good.requester.proof('/token');
      const wishes = [
        () => ask(good),
        () => ask(good, { scope: 'albums.read' }),
        () => ask({ ...good, connection: { ...good.connection, accessToken: other.connection.accessToken } }),
        () => ask(good, { proofs: [proof] }),
        () => ask(other, { scope: 'photos.write' }),
      ];
      const answers = await Promise.all(Array.from({ length: 6 }, () => wishes.map((wish) => wish())).flat());
      const kinds = wishes.map((_, kind) => answers.filter((__, at) => at % wishes.length === kind).map(errorOf));
      const six = (error: string) => Array.from({ length: 6 }, () => error);
      expect(kinds[0]).toEqual(six('200 undefined'));
      expect(kinds[1]).toEqual(six('400 invalid_scope'));
      expect(kinds[2]).toEqual(six('400 invalid_request'));
      expect(kinds[3]?.toSorted()).toEqual(['200 undefined', ...six('400 invalid_dpop_proof').slice(1)]);
      expect(kinds[4]).toEqual(six('400 interaction_required'));
    });

    it('are withheld where their own connection was stopped meanwhile, and only there', async () => {
      const stories = await three();
      const [stopped] = stories;
      const answers = await atOnce(stories, async () => void (await stop(stopped)));
      for (const { by, answer } of answers) expect(answer.status === 200).toBe(by !== stopped);
      expect(new Set((await deployment.transfers(stopped.connection)).map(({ state }) => state))).toEqual(
        new Set(['withheld']),
      );
    });

    it('wait for no other’s owner: only those of a connection being ended wait, and are withheld', async () => {
      const stories = await three();
      const [ending] = stories;
      const paused = pauseHost();
      const pending = stories.map((by) => ask(by));
      await deployment.host.until(() => deployment.host.hops.length === stories.length);
      const end = `update oauth_grant set ended_at = now(), ended_by = 'owner' where id = $1`;
      await whileUncommitted(deployment, [end, [ending.connection.id]], async (commit) => {
        paused.open();
        await oneWaits();
        const [, ...others] = pending;
        // they are answered although the other connection's end is not committed
        for (const answer of await Promise.all(others)) expect(answer.status).toBe(200);
        await commit();
      });
      expect((await pending[0])?.status).toBe(400);
      expect((await deployment.transfers(ending.connection)).map(({ state }) => state)).toEqual(['withheld']);
    });

    it('wait for no link of another owner’s that is being changed', async () => {
      const paused = pauseHost();
      const [held, other] = [ask(story), ask(stranger)];
      await deployment.host.until(() => deployment.host.hops.length === 2);
      await whileLocked(deployment, `select 1 from link where id = '${story.linkId}' for update`, async (release) => {
        paused.open();
        await oneWaits();
        expect((await other).status).toBe(200);
        await release();
      });
      expect((await held).status).toBe(200);
    });
  });
}
