import { expect, it } from '@jest/globals';
import { chatelaine } from '../support/operator.ts';
import { gate } from '../support/scripted-host.ts';
import { eventually } from '../support/world.ts';
import { connectionsOf, INVALID_GRANT, later, outcome, refreshTokenOf, type SceneOf } from './scene.ts';

/** Refresh tokens: how they are rotated, and what a refusal does to them. PROTOCOL §6. */
export function refreshing(sceneOf: SceneOf): void {
  it('refreshes one token several times at once: all get one successor, and each its own Host token', async () => {
    const scene = sceneOf();
    const { deployment, owner, resource } = scene;
    const client = await scene.client();
    const old = refreshTokenOf(await client.connect(owner.browser, resource));
    const answers = await Promise.all(Array.from({ length: 5 }, () => client.refresh(old)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const [successor = '', ...others] = new Set(answers.map(refreshTokenOf));
    expect([others, successor === old]).toEqual([[], false]);
    expect(new Set(answers.map(({ json }) => json['access_token'])).size).toBe(5);
    const next = await client.refresh(successor);
    // a slow request still uses the old token: it gets what has become of that token since
    const slow = await client.refresh(old);
    expect([next.status, slow.status]).toEqual([200, 200]);
    expect(refreshTokenOf(slow)).toBe(refreshTokenOf(next));
    const kept = await deployment.rows<{ all: string }>('select t::text as all from oauth_token t');
    for (const token of [old, successor, refreshTokenOf(next)])
      expect(kept.some(({ all }) => all.includes(token.slice(-20)))).toBe(false);
  });

  it('goes on for an hour in two sessions that share a refresh token, each at its own pace', async () => {
    const scene = sceneOf();
    const { owner, resource } = scene;
    const client = await scene.client();
    const first = refreshTokenOf(await client.connect(owner.browser, resource));
    // an access token lives 120 s: each session refreshes before, one a little more often than the other
    const sessions = [90, 100].map((every) => ({ every, token: first, due: every }));
    for (let time = 0; time < 3600; ) {
      const [session] = sessions.toSorted((one, other) => one.due - other.due);
      if (session === undefined) return;
      await later(scene, client, session.due - time);
      time = session.due;
      session.due += session.every;
      const answer = await client.refresh(session.token);
      expect([time, answer.status]).toEqual([time, 200]);
      session.token = refreshTokenOf(answer);
    }
    const [connection] = await connectionsOf(scene, client);
    expect(connection).toMatchObject({ ended_at: null });
  });

  it('of an owner who deals only with apps that sign from now on gets invalid_grant, and no consent', async () => {
    const scene = sceneOf();
    const { deployment, owner, resource } = scene;
    const client = await scene.client();
    const token = refreshTokenOf(await client.connect(owner.browser, resource));
    const signersOnly = (only: boolean) =>
      deployment.rows('update owner set signers_only = $2, policy_version = policy_version + 1 where id = $1', [
        owner.id,
        only,
      ]);
    await signersOnly(true);
    try {
      expect(outcome(await client.refresh(token))).toEqual(INVALID_GRANT);
      const other = await scene.client();
      await expect(other.connect(owner.browser, resource)).rejects.toThrow('deal only with apps that sign');
    } finally {
      await signersOnly(false);
    }
  });

  it('whose answer was lost tries again after 66 seconds, and goes on', async () => {
    const scene = sceneOf();
    const { owner, resource } = scene;
    const client = await scene.client();
    const token = refreshTokenOf(await client.connect(owner.browser, resource));
    const lost = await client.refresh(token);
    await later(scene, client, 66);
    const again = await client.refresh(token);
    expect([lost.status, again.status, refreshTokenOf(again) === refreshTokenOf(lost)]).toEqual([200, 200, true]);
    await later(scene, client, 110);
    expect((await client.refresh(refreshTokenOf(again))).status).toBe(200);
  });

  it('whose token was copied: a copy shown after an access token’s life ends the connection everywhere', async () => {
    const scene = sceneOf();
    const { deployment, owner, resource } = scene;
    const client = await scene.client();
    const copied = refreshTokenOf(await client.connect(owner.browser, resource));
    // one copy, whichever it is, continues; the other waits
    const going = await client.refresh(copied);
    await later(scene, client, 100);
    const further = await client.refresh(refreshTokenOf(going));
    await later(scene, client, 25);
    const hops = deployment.host.hops.length;
    expect(outcome(await client.refresh(copied))).toEqual(INVALID_GRANT);
    expect(deployment.host.hops).toHaveLength(hops);
    expect(outcome(await client.refresh(refreshTokenOf(further)))).toEqual(INVALID_GRANT);
    expect(await connectionsOf(scene, client)).toMatchObject([{ ended_at: expect.any(Date) }]);
    const grantId = deployment.host.minted.at(-1)?.grantId;
    await eventually(async () => deployment.host.revoked.some(({ token }) => token === grantId));
  });

  it('does not notice that the key is replaced which its refresh tokens are derived with', async () => {
    const scene = sceneOf();
    const { deployment, owner, resource } = scene;
    const client = await scene.client();
    const first = refreshTokenOf(await client.connect(owner.browser, resource));
    const second = await client.refresh(first);
    expect((await chatelaine(deployment, 'rotate-keys refresh')).code).toBe(0);
    // a process that starts now derives tokens with the new key; those that run learn of the key when they need it
    const { port } = await deployment.another();
    const third = await client.refresh(refreshTokenOf(second), {}, { port });
    const behind = await client.refresh(first);
    expect([third.status, behind.status]).toEqual([200, 200]);
    expect(refreshTokenOf(behind)).toBe(refreshTokenOf(third));
    expect((await client.refresh(refreshTokenOf(behind))).status).toBe(200);
  });

  it('whose Host is down, slow or confused is told when to return, and its refresh token stays good', async () => {
    const scene = sceneOf();
    const { deployment, owner, resource, linkId } = scene;
    const client = await scene.client();
    const first = await client.connect(owner.browser, resource);
    const token = refreshTokenOf(first);
    const { script } = deployment.host;
    script.transfer = () => ({
      status: 503,
      json: { error: 'temporarily_unavailable' },
      headers: { 'retry-after': '7' },
    });
    expect(outcome(await client.refresh(token))).toEqual({ status: 503, error: 'temporarily_unavailable', retry: '7' });
    // on server_error, clients send the owner here again, which does not help when a Host is unreachable
    script.transfer = () => 'reset';
    expect(outcome(await client.refresh(token))).toEqual({ status: 503, error: 'temporarily_unavailable', retry: '5' });
    const swapped = 'update link set access_token = refresh_token, refresh_token = access_token where id = $1';
    await deployment.rows(swapped, [linkId]);
    expect(outcome(await client.refresh(token))).toEqual({ status: 503, error: 'temporarily_unavailable', retry: '5' });
    await deployment.rows(swapped, [linkId]);
    script.transfer = (_hop, mint) => ({ json: { ...mint(), expires_in: 121 } });
    expect(outcome(await client.refresh(token))).toEqual({ status: 502, error: 'server_error' });
    deployment.host.reset();
    await later(scene, client, 3600);
    expect((await client.refresh(token)).status).toBe(200);
  });

  it('that asks too often is told when to return (429), and its code and refresh token stay good', async () => {
    const scene = sceneOf();
    const { deployment, owner, resource } = scene;
    const perConnection = { name: 'none-at-all', points: 0, perSeconds: 3600 };
    const counting = await deployment.another({ transfers: { perConnection } });
    const client = await scene.client();
    const asked = await client.ask(owner.browser, resource);
    const code = await client.agree(owner.browser, asked, { bearer: 'allow' });
    const hops = deployment.host.hops.length;
    const tooOften = { status: 429, error: 'temporarily_unavailable', retry: expect.stringMatching(/^[1-9]/) };
    expect(outcome(await client.redeem(code, asked.verifier, {}, { port: counting.port }))).toEqual(tooOften);
    const token = refreshTokenOf(await client.redeem(code, asked.verifier));
    // a client is not refused because another one used up the limit of their shared address, either
    const crowded = await deployment.another({ refusalsPerMinute: 1 });
    for (const _ of [1, 2]) await client.refresh(`cha_rt_${'A'.repeat(46)}`, {}, { port: crowded.port });
    for (const { port } of [counting, crowded])
      expect(outcome(await client.refresh(token, {}, { port }))).toEqual(tooOften);
    expect(deployment.host.hops).toHaveLength(hops + 1);
    // longer than a replaced token is still accepted
    await later(scene, client, 3600);
    expect((await client.refresh(token)).status).toBe(200);
  });

  it('whose Host says no by its own policy is told so; asking the owner anew would help nobody', async () => {
    const { deployment, owner, resource, client } = sceneOf();
    const app = await client();
    const first = await app.connect(owner.browser, resource);
    deployment.host.script.transfer = () => ({ status: 400, json: { error: 'access_denied' } });
    const refused = await app.refresh(refreshTokenOf(first));
    expect(refused.json).toMatchObject({ error: 'access_denied', denied_by: 'host' });
  });

  it('is sent to the owner (invalid_grant) by a rule that asks or denies, without a question', async () => {
    const scene = sceneOf();
    const { deployment, owner, resource } = scene;
    const app = await scene.client();
    const first = await app.connect(owner.browser, resource, { request: { scope: 'photos.read' } });
    const token = refreshTokenOf(first);
    const [connection] = await connectionsOf(scene, app);
    for (const effect of ['ask', 'deny', 'allow']) {
      await deployment.rows('update rule set effect = $1 where connection_id = $2', [effect, connection?.id]);
      const answer = await app.refresh(token);
      expect(answer.status).toBe(effect === 'allow' ? 200 : 400);
      if (effect !== 'allow') expect(Object.keys(answer.json)).toEqual(['error', 'error_description']);
    }
    expect(await deployment.rows('select 1 from ask where connection_id = $1', [connection?.id])).toEqual([]);
  });

  it('is sent to the owner when its link breaks, or shares less than before', async () => {
    const scene = sceneOf();
    const { deployment, resource } = scene;
    const owner = await deployment.owner();
    await deployment.link(owner);
    const app = await scene.client();
    const first = await app.connect(owner.browser, resource);
    await deployment.rows(`update link set transfer_scope = '{photos.read}' where owner_id = $1`, [owner.id]);
    expect(outcome(await app.refresh(refreshTokenOf(first)))).toEqual(INVALID_GRANT);
    expect((await app.refresh(refreshTokenOf(first), { scope: 'photos.read' })).status).toBe(200);
    deployment.host.expireLinkTokens();
    deployment.host.script.refresh = () => ({ status: 400, json: { error: 'invalid_grant' } });
    const other = await app.connect((await linkedOwner(sceneOf)).browser, resource);
    expect(outcome(await app.refresh(refreshTokenOf(other)))).toMatchObject({ status: 200 });
    expect(outcome(await app.refresh(refreshTokenOf(first), { scope: 'photos.read' }))).toEqual(INVALID_GRANT);
  });

  it('that is stopped while its Host answers gets nothing, and the Host is told', async () => {
    const scene = sceneOf();
    const { deployment, resource } = scene;
    const owner = await linkedOwner(sceneOf);
    const app = await scene.client();
    const first = await app.connect(owner.browser, resource);
    const held = gate();
    deployment.host.reset();
    deployment.host.script.transfer = async (_hop, mint) => {
      const json = mint();
      await held.opened;
      return { json };
    };
    const refreshed = app.refresh(refreshTokenOf(first));
    await deployment.host.until(() => deployment.host.hops.length > 0);
    const [connection] = await connectionsOf(scene, app);
    await owner.browser.submit('/apps', `/apps/${connection?.id}/stop`);
    held.open();
    expect(outcome(await refreshed)).toEqual(INVALID_GRANT);
    const grantId = deployment.host.minted.at(-1)?.grantId;
    await eventually(async () => deployment.host.revoked.some(({ token }) => token === grantId));
  });
}

async function linkedOwner(sceneOf: SceneOf) {
  const { deployment } = sceneOf();
  const owner = await deployment.owner();
  await deployment.link(owner);
  return owner;
}
