import { expect, it } from '@jest/globals';
import { gate } from '../support/scripted-host.ts';
import { eventually } from '../support/world.ts';
import { connectionsOf, INVALID_GRANT, outcome, refreshTokenOf, type SceneOf } from './scene.ts';

/** Refresh tokens: rotation, and what a refusal does to them. */
export function refreshing(sceneOf: SceneOf): void {
  it('gets a new refresh token each time; the old one answers while others that came at once go on, and ends everything after', async () => {
    const scene = sceneOf();
    const { house, owner, resource } = scene;
    const client = await scene.client();
    const first = await client.connect(owner.browser, resource);
    const old = refreshTokenOf(first);
    const [one, other] = await Promise.all([client.refresh(old), client.refresh(old)]);
    expect([one.status, other.status]).toEqual([200, 200]);
    const next = await client.refresh(refreshTokenOf(one));
    const slow = await client.refresh(old);
    const used = await client.refresh(refreshTokenOf(next));
    expect([next.status, slow.status, used.status]).toEqual([200, 200, 200]);
    const minted = house.host.minted.length;
    expect(outcome(await client.refresh(old))).toEqual(INVALID_GRANT);
    expect(house.host.minted).toHaveLength(minted);
    for (const token of [used, other, slow].map(refreshTokenOf))
      expect(outcome(await client.refresh(token))).toEqual(INVALID_GRANT);
    const grantId = house.host.minted.at(-1)?.grantId;
    await eventually(async () => house.host.revoked.some(({ token }) => token === grantId));
  });

  it('whose Host is down, slow or confused is told when to come back, and its refresh token is as good as before', async () => {
    const scene = sceneOf();
    const { house, owner, resource } = scene;
    const client = await scene.client();
    const first = await client.connect(owner.browser, resource);
    const token = refreshTokenOf(first);
    const { script } = house.host;
    script.transfer = () => ({
      status: 503,
      json: { error: 'temporarily_unavailable' },
      headers: { 'retry-after': '7' },
    });
    expect(outcome(await client.refresh(token))).toEqual({ status: 503, error: 'temporarily_unavailable', retry: '7' });
    script.transfer = () => 'reset';
    expect(outcome(await client.refresh(token))).toEqual({ status: 502, error: 'server_error' });
    script.transfer = (_hop, mint) => ({ json: { ...mint(), expires_in: 121 } });
    expect(outcome(await client.refresh(token))).toEqual({ status: 502, error: 'server_error' });
    house.host.reset();
    expect((await client.refresh(token)).status).toBe(200);
  });

  it('whose Host says no by its own policy is told so; asking the owner anew would help nobody', async () => {
    const { house, owner, resource, client } = sceneOf();
    const app = await client();
    const first = await app.connect(owner.browser, resource);
    house.host.script.transfer = () => ({ status: 400, json: { error: 'access_denied' } });
    const refused = await app.refresh(refreshTokenOf(first));
    expect(refused.json).toMatchObject({ error: 'access_denied', denied_by: 'host' });
  });

  it('is sent to the owner (invalid_grant) by a rule that asks or denies, without a question in his inbox', async () => {
    const scene = sceneOf();
    const { house, owner, resource } = scene;
    const app = await scene.client();
    const first = await app.connect(owner.browser, resource, { request: { scope: 'photos.read' } });
    const token = refreshTokenOf(first);
    const [connection] = await connectionsOf(scene, app);
    for (const effect of ['ask', 'deny', 'allow']) {
      await house.rows('update rule set effect = $1 where connection_id = $2', [effect, connection?.id]);
      const answer = await app.refresh(token);
      expect(answer.status).toBe(effect === 'allow' ? 200 : 400);
      if (effect !== 'allow') expect(Object.keys(answer.json)).toEqual(['error', 'error_description']);
    }
    expect(await house.rows('select 1 from ask where connection_id = $1', [connection?.id])).toEqual([]);
  });

  it('is sent to the owner when its link breaks, or shares less than before', async () => {
    const scene = sceneOf();
    const { house, resource } = scene;
    const owner = await house.owner();
    await house.link(owner);
    const app = await scene.client();
    const first = await app.connect(owner.browser, resource);
    await house.rows(`update link set transfer_scope = '{photos.read}' where owner_id = $1`, [owner.id]);
    expect(outcome(await app.refresh(refreshTokenOf(first)))).toEqual(INVALID_GRANT);
    expect((await app.refresh(refreshTokenOf(first), { scope: 'photos.read' })).status).toBe(200);
    house.host.expireLinkTokens();
    house.host.script.refresh = () => ({ status: 400, json: { error: 'invalid_grant' } });
    const other = await app.connect((await linkedOwner(sceneOf)).browser, resource);
    expect(outcome(await app.refresh(refreshTokenOf(other)))).toMatchObject({ status: 200 });
    expect(outcome(await app.refresh(refreshTokenOf(first), { scope: 'photos.read' }))).toEqual(INVALID_GRANT);
  });

  it('that is stopped while its Host answers gets nothing, and the Host is told', async () => {
    const scene = sceneOf();
    const { house, resource } = scene;
    const owner = await linkedOwner(sceneOf);
    const app = await scene.client();
    const first = await app.connect(owner.browser, resource);
    const held = gate();
    house.host.reset();
    house.host.script.transfer = async (_hop, mint) => {
      const json = mint();
      await held.opened;
      return { json };
    };
    const refreshed = app.refresh(refreshTokenOf(first));
    await house.host.until(() => house.host.hops.length > 0);
    const [connection] = await connectionsOf(scene, app);
    await owner.browser.submit('/requesters', `/requesters/${connection?.id}/stop`);
    held.open();
    expect(outcome(await refreshed)).toEqual(INVALID_GRANT);
    const grantId = house.host.minted.at(-1)?.grantId;
    await eventually(async () => house.host.revoked.some(({ token }) => token === grantId));
  });
}

async function linkedOwner(sceneOf: SceneOf) {
  const { house } = sceneOf();
  const owner = await house.owner();
  await house.link(owner);
  return owner;
}
