import { afterAll, afterEach, describe } from '@jest/globals';
import { stoppedConnections } from './revocation/connections.ts';
import { stoppedTogether } from './revocation/everything.ts';
import { stoppedLinks } from './revocation/links.ts';
import { hostile, world } from './revocation/scene.ts';
import { turns } from './revocation/turns.ts';

afterEach(() => {
  world.host.behaviour = {};
});
afterAll(async () => {
  await world.close();
  for (const host of hostile) await host.stop();
});

stoppedConnections();
stoppedLinks();
stoppedTogether();
describe('the queue', () => {
  turns();
});
