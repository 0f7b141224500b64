import { describe, expect, it } from '@jest/globals';
import type { Story } from '../support/deployment.ts';
import { whileLocked, whileUncommitted, waitingBackends } from '../support/locks.ts';
import { gate } from '../support/scripted-host.ts';
import { ANSWERS, ask, completedAfterTheirStop, errorOf, deployment, stop } from './scene.ts';

const COMBINED_REGISTRATION = 2;
const ROUNDS = 10;
const AT_ONCE = 100;

/** A stop and the completion of a transfer contend for one row. PROTOCOL §3.5, §7. */
export function completions(): void {
  describe('a transfer that is about to be completed while something is stopped', () => {
    it.each<[string, (story: Story) => readonly [string, readonly unknown[]]]>([
      ['the owner stops the connection', ({ connection }) => [`select oauth_end_grant($1, 'owner')`, [connection.id]]],
      ['the Requester ends it', ({ connection }) => [`select oauth_end_grant($1, 'client')`, [connection.id]]],
      ['the owner stops the link', ({ owner, linkId }) => [`select end_link($1, $2)`, [owner.id, linkId]]],
    ])('waits for that end, and is refused: %s', async (_what, end) => {
      const story = await deployment.story(ANSWERS);
      const answer = await whileUncommitted(deployment, end(story), async (commit) => {
        const pending = ask(story);
        await waitingBackends(deployment);
        await commit();
        return pending;
      });
      expect(errorOf(answer)).toBe('400 invalid_request');
      expect(await deployment.transfers(story.connection)).toEqual([expect.objectContaining({ state: 'withheld' })]);
    });

    it('is refused, too, when it waits for its own row until the stop was answered', async () => {
      const story = await deployment.story(ANSWERS);
      const paused = gate();
      deployment.host.script.transfer = async (_hop, mint) => {
        const json = mint();
        await paused.opened;
        return { json };
      };
      const pending = ask(story);
      await deployment.host.until(() => deployment.host.hops.length === 1);
      const lock = `select 1 from transfer where connection_id = '${story.connection.id}' for update`;
      const answer = await whileLocked(deployment, lock, async (release) => {
        paused.open();
        await waitingBackends(deployment);
        expect((await stop(story)).status).toBe(303);
        await release();
        return pending;
      });
      expect(errorOf(answer)).toBe('400 invalid_request');
    });
  });

  it(`out of ${AT_ONCE} transfers at two processes none is completed after a stop, ${ROUNDS} times`, async () => {
    const owned = await deployment.story(ANSWERS);
    for (let round = 1; round <= ROUNDS; round++) {
      const story = await deployment.beside(owned, ANSWERS);
      const from = deployment.host.hops.length;
      const pending = Array.from({ length: AT_ONCE }, (_, n) =>
        ask(story, { port: deployment.ams[n % COMBINED_REGISTRATION]?.port ?? 0 }),
      );
      // each round stops at another point of the transfers
      await deployment.host.until(() => deployment.host.hops.length >= from + round * 3);
      expect((await stop(story, deployment.ams[round % COMBINED_REGISTRATION]?.port)).status).toBe(303);
      const answers = await Promise.all(pending);
      // a busy machine may have been too slow for some, which it answers with 5xx
      const refused = answers.filter(({ status }) => status !== 200 && status < 500);
      expect(refused.map(errorOf).filter((seen) => seen !== '400 invalid_request')).toEqual([]);
      const handedOut = answers.filter(({ status }) => status === 200).length;
      const minted = (await deployment.transfers(story.connection)).filter(({ state }) => state === 'minted').length;
      expect(handedOut).toBeLessThanOrEqual(minted);
    }
    expect(await completedAfterTheirStop()).toEqual([]);
  });
}
