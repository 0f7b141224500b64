import { afterAll, afterEach, describe } from '@jest/globals';
import { stoppingConnections } from './revocation/connections.ts';
import { stoppingEverything } from './revocation/everything.ts';
import { stoppingLinks } from './revocation/links.ts';
import { hostile, world } from './revocation/scene.ts';
import { queueOrder } from './revocation/queue.ts';

afterEach(() => {
  world.host.behaviour = {};
});
afterAll(async () => {
  await world.close();
  for (const host of hostile) await host.stop();
});

stoppingConnections();
stoppingLinks();
stoppingEverything();
describe('the queue', () => {
  queueOrder();
});
