import { describe, expect, it } from '@jest/globals';
import type { Reply } from '../support/host-script.ts';
import { gate } from '../support/scripted-host.ts';
import { ask, askWithShortTimeout, deployment, lastTransfer, outcome, refuse, story, UNREACHABLE } from './scene.ts';

/** Hosts that are busy, slow or gone. */
export function unreachableHosts(): void {
  describe('a Host that is busy, slow or gone', () => {
    it.each([
      [429, 'temporarily_unavailable', '7', '7'],
      [503, 'temporarily_unavailable', '120', '120'],
      [503, 'server_error', undefined, '5'],
      [429, 'slow_down', '99999999', '3600'],
    ])('answers %i %s: 503 and when to come back', async (status, error, wait, retryAfter) => {
      refuse(status, { error }, wait === undefined ? {} : { 'retry-after': wait });
      expect(outcome(await ask())).toEqual({ status: 503, error: 'temporarily_unavailable', retry: retryAfter });
    });

    it('does not answer in time: 504 and when to come back', async () => {
      const paused = gate();
      deployment.host.script.transfer = async (): Promise<Reply> => {
        await paused.opened;
        return 'reset';
      };
      // the limit of a single call ends it, long before that of the whole hop
      expect(outcome(await askWithShortTimeout())).toEqual({
        status: 504,
        error: 'temporarily_unavailable',
        retry: '5',
      });
      expect(await lastTransfer()).toMatchObject({ state: 'failed', error: 'timeout' });
      paused.open();
    });

    it('does not refresh the link in time: 504 too', async () => {
      const paused = gate();
      deployment.host.expireLinkTokens();
      deployment.host.script.refresh = async (): Promise<Reply> => {
        await paused.opened;
        return 'reset';
      };
      expect(outcome(await askWithShortTimeout())).toMatchObject({ status: 504, retry: '5' });
      paused.open();
    });

    it('asks to wait before the link is refreshed: 503, and the link is not broken', async () => {
      deployment.host.expireLinkTokens();
      deployment.host.script.refresh = () => ({
        status: 503,
        json: { error: 'temporarily_unavailable' },
        headers: { 'retry-after': '9' },
      });
      expect(outcome(await ask())).toEqual({ status: 503, error: 'temporarily_unavailable', retry: '9' });
      expect(await deployment.rows('select state from link where id = $1', [story.linkId])).toEqual([
        { state: 'active' },
      ]);
    });

    it('closes the connection: 503, and when to come back', async () => {
      deployment.host.script.transfer = () => 'reset';
      const answer = await ask();
      expect(outcome(answer)).toEqual(UNREACHABLE);
      expect(answer.json).toMatchObject({ unavailable: 'host' });
    });

    it('closes the connection while the link is refreshed: the same', async () => {
      deployment.host.expireLinkTokens();
      deployment.host.script.refresh = () => 'reset';
      expect(outcome(await ask())).toEqual(UNREACHABLE);
      deployment.host.reset();
      expect((await ask()).status).toBe(200);
    });
  });
}
