import { describe, expect, it } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import { gate } from '../support/scripted-host.ts';
import { StockClient } from '../support/stock-client.ts';
import { ANSWERS, ask, errorOf, deployment, stop } from './scene.ts';

const REFUSALS: [string, { status: number; json: unknown }][] = [
  ['invalid_request', { status: 400, json: { error: 'invalid_request' } }],
  ['what cannot be used', { status: 418, json: { error: 'teapot' } }],
];

/** Hosts are told of revocations, and may ask for the status of a connection first. */
export function revokedAtHostFirst(): void {
  describe('a Host that knows of a stop before the transfer that is under way', () => {
    it.each(REFUSALS)(
      'and answers %s: the Requester is told 400, and the link is not refreshed',
      async (_what, reply) => {
        const by = await deployment.story(ANSWERS);
        const paused = gate();
        deployment.host.script.transfer = async () => {
          await paused.opened;
          return reply;
        };
        const pending = ask(by);
        await deployment.host.until(() => deployment.host.hops.length === 1);
        expect((await stop(by)).status).toBe(303);
        paused.open();
        expect(errorOf(await pending)).toBe('400 invalid_request');
        expect(deployment.host.refreshes).toEqual([]);
        expect(await deployment.transfers(by.connection)).toEqual([expect.objectContaining({ state: 'withheld' })]);
      },
    );

    it.each(REFUSALS)('and answers %s: a stock client is told invalid_grant', async (_what, reply) => {
      const owner = await deployment.owner();
      await deployment.link(owner);
      const am = { issuer: deployment.issuer, ports: [deployment.ams[0].port] };
      const app = await StockClient.register(am);
      const first = await app.connect(owner.browser, deployment.host.resource);
      expect(first.status).toBe(200);
      deployment.host.hops.length = 0;
      const paused = gate();
      deployment.host.script.transfer = async () => {
        await paused.opened;
        return reply;
      };
      const pending = app.refresh(String(first.json['refresh_token']));
      await deployment.host.until(() => deployment.host.hops.length === 1);
      const [row] = await deployment.rows<{ id: string }>('select id from connection where client_id = $1', [app.id]);
      expect((await owner.browser.submit('/apps', `/apps/${row?.id}/stop`)).status).toBe(303);
      paused.open();
      expect(errorOf(await pending)).toBe('400 invalid_grant');
    });
  });

  it('when the time that the owner chose is over, the Hosts are told as at a stop', async () => {
    const by = await deployment.story(ANSWERS);
    const [shown] = await deployment.rows<{ grant_id: string }>(
      'select grant_id from connection_host where connection_id = $1',
      [by.connection.id],
    );
    await deployment.rows('update oauth_grant set expires_at = now() where id = $1', [by.connection.id]);
    await eventually(async () => deployment.host.revoked.some(({ token }) => token === shown?.grant_id));
  });
}
