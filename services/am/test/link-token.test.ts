import { afterAll, beforeEach } from '@jest/globals';
import { endedDuringRefresh } from './link-token/ending.ts';
import { refusedRefreshes } from './link-token/refusals.ts';
import { refreshing } from './link-token/refreshing.ts';
import { close, resources, world } from './link-token/scene.ts';

beforeEach(() => {
  world.host.behaviour = {};
});
afterAll(async () => {
  await close(resources);
  await world.close();
});

refreshing();
endedDuringRefresh();
refusedRefreshes();
