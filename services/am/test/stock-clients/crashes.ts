import { expect, it } from '@jest/globals';
import { closeLost } from '../../src/transfer/close-store.ts';
import type { Am } from '../support/am-process.ts';
import { whileLocked, waitingBackends } from '../support/locks.ts';
import { eventually } from '../support/world.ts';
import { connectionsOf, INVALID_GRANT, outcome, refreshTokenOf, type SceneOf } from './scene.ts';

/** The AM dies, or the owner stops something, between the Host's answer and the client's. */
export function crashes(sceneOf: SceneOf): void {
  let failing: Am | undefined;
  let at: string | null = null;
  /** Starts an AM that fails at `point`, as if it were killed there. */
  const diesAt = async (point: string): Promise<number> => {
    failing ??= await sceneOf().deployment.another({
      failpoint: async (name) => {
        if (name === at) throw new Error('killed');
      },
    });
    at = point;
    return failing.port;
  };
  /** What the next process does about transfers that a dead one left open. */
  const sweep = () => closeLost(sceneOf().deployment.pool, { olderThanSeconds: 0 });
  const states = async (clientId: string) =>
    (
      await sceneOf().deployment.rows<{ state: string }>(
        'select state from transfer where client_id = $1 order by started_at',
        [clientId],
      )
    ).map(({ state }) => state);

  it.each(['transfer.begun', 'transfer.answered'])(
    'dies at %s: code and refresh token are as good as before, and what was minted is nobody’s',
    async (point) => {
      const { owner, resource, client } = sceneOf();
      const [app, port] = [await client(), await diesAt(point)];
      const ask = await app.ask(owner.browser, resource);
      const code = await app.agree(owner.browser, ask, { bearer: 'allow' });
      expect((await app.redeem(code, ask.verifier, {}, { port })).status).toBe(500);
      const first = await app.redeem(code, ask.verifier);
      expect(first.status).toBe(200);
      expect((await app.refresh(refreshTokenOf(first), {}, { port })).status).toBe(500);
      expect((await app.refresh(refreshTokenOf(first))).status).toBe(200);
      expect(await sweep()).toBe(2);
      expect(await states(app.id)).toEqual(['failed', 'minted', 'failed', 'minted']);
    },
  );

  it.each(['code.redeemed', 'transfer.completed'])(
    'dies at %s, nothing sent: a second use of the code ends everything; a refresh token still answers',
    async (point) => {
      const { owner, resource, client, deployment } = sceneOf();
      const [app, port] = [await client(), await diesAt(point)];
      const ask = await app.ask(owner.browser, resource);
      const code = await app.agree(owner.browser, ask, { bearer: 'allow' });
      expect((await app.redeem(code, ask.verifier, {}, { port })).status).toBe(500);
      await sweep();
      const grantId = deployment.host.minted.at(-1)?.grantId;
      expect(outcome(await app.redeem(code, ask.verifier))).toEqual(INVALID_GRANT);
      await eventually(async () => deployment.host.revoked.some(({ token }) => token === grantId));
      const first = await app.connect(owner.browser, resource);
      const lost = await app.refresh(refreshTokenOf(first), {}, { port });
      const again = await app.refresh(refreshTokenOf(lost.status === 200 ? lost : first));
      expect([lost.status, again.status]).toEqual([point === 'code.redeemed' ? 200 : 500, 200]);
    },
  );

  it('dies at refresh.rotated, nothing sent: the refresh token before still answers, its successor too', async () => {
    const { owner, resource, client } = sceneOf();
    const [app, port] = [await client(), await diesAt('refresh.rotated')];
    const first = await app.connect(owner.browser, resource);
    expect((await app.refresh(refreshTokenOf(first), {}, { port })).status).toBe(500);
    const again = await app.refresh(refreshTokenOf(first));
    expect(again.status).toBe(200);
    expect((await app.refresh(refreshTokenOf(again))).status).toBe(200);
  });

  it('gets nothing when its link is stopped while it waits to use up its refresh token', async () => {
    const scene = sceneOf();
    const { resource, deployment, client } = scene;
    const owner = await deployment.owner();
    const linkId = await deployment.link(owner);
    const app = await client();
    const first = await app.connect(owner.browser, resource);
    const [connection] = await connectionsOf(scene, app);
    const lock = `select 1 from oauth_grant where id = '${connection?.id}' for update`;
    const refreshed = await whileLocked(deployment, lock, async (release) => {
      const refreshing = app.refresh(refreshTokenOf(first));
      await waitingBackends(deployment);
      expect((await owner.browser.submit('/hosts', `/hosts/${linkId}/stop`)).status).toBe(303);
      await release();
      return refreshing;
    });
    expect(outcome(refreshed)).toEqual(INVALID_GRANT);
    expect((await states(app.id)).at(-1)).toBe('withheld');
  });

  it('has what was minted for a code that somebody else used first withheld', async () => {
    const { owner, resource, client } = sceneOf();
    const app = await client();
    const ask = await app.ask(owner.browser, resource);
    const code = await app.agree(owner.browser, ask, { bearer: 'allow' });
    const answers = await Promise.all(Array.from({ length: 5 }, () => app.redeem(code, ask.verifier)));
    const handedOut = answers.filter(({ status }) => status === 200).length;
    const closed = await states(app.id);
    expect(handedOut).toBeLessThanOrEqual(1);
    expect(closed.filter((state) => state === 'minted')).toHaveLength(handedOut);
    expect(closed.filter((state) => state === 'intent')).toEqual([]);
  });
}
