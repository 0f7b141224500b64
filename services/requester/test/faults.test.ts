import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import { startEmbedded } from '@chatelaine/dev-postgres';
import { connectAm, signUp, startWorld, type World } from './support/world.ts';

let world: World;
let origin: string;
beforeAll(async () => {
  world = await startWorld(await startEmbedded());
  origin = await world.start();
});
afterAll(() => world.close());

test('without its database every page is a 503 that says to come back, and then the browser goes on', async () => {
  const browser = await signUp(origin);
  await connectAm(world.deployment, browser);
  await world.embedded.crash();
  for (const path of ['/', '/connections', '/callback?state=x']) {
    const page = await browser.get(path);
    expect([path, page.status, 'retry-after' in page.headers]).toEqual([path, 503, true]);
  }
  await eventually(async () => (await fetch(`${origin}/readyz`)).status === 503);
  expect((await fetch(`${origin}/client`)).status).toBe(200);
  await world.embedded.restart();
  expect((await browser.get('/connections')).words).toContain('Photos');
});
