import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { startWorld, type World } from '../support/world.ts';

export let world: World;
export let origin: string;

/** Before and after the tests of all parts. */
export function scene(): void {
  beforeAll(async () => {
    world = await startWorld();
    origin = await world.start();
  });
  afterAll(() => world.close());
  beforeEach(() => {
    world.deployment.on = {};
    world.deployment.received.length = 0;
  });
}
