import { describe, expect, it } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import { gate } from '../support/scripted-host.ts';
import { StockClient } from '../support/stock-client.ts';
import { ANSWERS, ask, errorOf, house, stop } from './scene.ts';

const REFUSALS: [string, { status: number; json: unknown }][] = [
  ['invalid_request', { status: 400, json: { error: 'invalid_request' } }],
  ['what cannot be used', { status: 418, json: { error: 'teapot' } }],
];

/** Hosts are told, and may know first. */
export function told(): void {
  describe('a Host that knows of a stop before the transfer that is under way', () => {
    it.each(REFUSALS)(
      'and answers %s: the Requester is told 400, and the link is not renewed',
      async (_what, reply) => {
        const by = await house.story(ANSWERS);
        const paused = gate();
        house.host.script.transfer = async () => {
          await paused.opened;
          return reply;
        };
        const pending = ask(by);
        await house.host.until(() => house.host.hops.length === 1);
        expect((await stop(by)).status).toBe(303);
        paused.open();
        expect(errorOf(await pending)).toBe('400 invalid_request');
        expect(house.host.refreshes).toEqual([]);
        expect(await house.transfers(by.connection)).toEqual([expect.objectContaining({ state: 'withheld' })]);
      },
    );

    it.each(REFUSALS)('and answers %s: a stock client is told invalid_grant', async (_what, reply) => {
      const owner = await house.owner();
      await house.link(owner);
      const am = { issuer: house.issuer, ports: [house.ams[0].port] };
      const app = await StockClient.register(am);
      const first = await app.connect(owner.browser, house.host.resource);
      expect(first.status).toBe(200);
      house.host.hops.length = 0;
      const paused = gate();
      house.host.script.transfer = async () => {
        await paused.opened;
        return reply;
      };
      const pending = app.refresh(String(first.json['refresh_token']));
      await house.host.until(() => house.host.hops.length === 1);
      const [row] = await house.rows<{ id: string }>('select id from connection where client_id = $1', [app.id]);
      expect((await owner.browser.submit('/requesters', `/requesters/${row?.id}/stop`)).status).toBe(303);
      paused.open();
      expect(errorOf(await pending)).toBe('400 invalid_grant');
    });
  });

  it('when the time that the owner chose is over, the Hosts are told as at a stop', async () => {
    const by = await house.story(ANSWERS);
    const [shown] = await house.rows<{ grant_id: string }>(
      'select grant_id from connection_host where connection_id = $1',
      [by.connection.id],
    );
    await house.rows('update oauth_grant set expires_at = now() where id = $1', [by.connection.id]);
    await eventually(async () => house.host.revoked.some(({ token }) => token === shown?.grant_id));
  });
}
