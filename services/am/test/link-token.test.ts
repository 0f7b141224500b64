import { afterAll, beforeEach } from '@jest/globals';
import { endedMeanwhile } from './link-token/ending.ts';
import { refusedRenewals } from './link-token/refusals.ts';
import { renewing } from './link-token/renewing.ts';
import { close, resources, world } from './link-token/scene.ts';

beforeEach(() => {
  world.host.behaviour = {};
});
afterAll(async () => {
  await close(resources);
  await world.close();
});

renewing();
endedMeanwhile();
refusedRenewals();
