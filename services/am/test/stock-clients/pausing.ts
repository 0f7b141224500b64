import { expect, it } from '@jest/globals';
import { connectionsOf, outcome, refreshTokenOf, type SceneOf } from './scene.ts';

/** What a stock client hears while its owner has paused it. PROTOCOL §7. */
export function pausing(sceneOf: SceneOf): void {
  it('of an owner who paused the app gets 503 with Retry-After, and its token is good after resuming', async () => {
    const scene = sceneOf();
    const { owner, resource } = scene;
    const client = await scene.client();
    const token = refreshTokenOf(await client.connect(owner.browser, resource));
    const [connection] = await connectionsOf(scene, client);
    const path = `/apps/${connection?.id}`;
    await owner.browser.submit(path, `${path}/pause`, { for: 'open' });
    const refused = await client.refresh(token);
    expect(outcome(refused)).toEqual({ status: 503, error: 'temporarily_unavailable', retry: '3600' });
    await owner.browser.submit(path, `${path}/resume`);
    expect((await client.refresh(token)).status).toBe(200);
  });

  it('of an owner who paused the app cannot be connected again before it is resumed, as the page says', async () => {
    const scene = sceneOf();
    const { owner, resource } = scene;
    const client = await scene.client();
    await client.connect(owner.browser, resource);
    const [connection] = await connectionsOf(scene, client);
    const path = `/apps/${connection?.id}`;
    await owner.browser.submit(path, `${path}/pause`, { for: 'open' });
    expect((await owner.browser.get((await client.ask(owner.browser, resource)).path)).words).toContain(
      'resume it first',
    );
    const refused = await client.connect(owner.browser, resource);
    expect(outcome(refused)).toEqual({ status: 503, error: 'temporarily_unavailable', retry: '3600' });
    await owner.browser.submit(path, `${path}/resume`);
    expect((await client.connect(owner.browser, resource)).status).toBe(200);
  });
}
