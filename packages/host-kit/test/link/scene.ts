import { afterAll, beforeAll } from '@jest/globals';
import type { TestHost } from '../support/test-host.ts';
import { createWorld, type World } from '../support/world.ts';

export let world: World;
export let host: TestHost;

export function scene(): void {
  beforeAll(async () => {
    world = await createWorld();
    host = await world.host();
  });
  afterAll(() => world.close());
}
