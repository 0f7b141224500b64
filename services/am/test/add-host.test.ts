import { afterAll, afterEach, beforeEach } from '@jest/globals';
import { typedAddresses } from './add-host/addresses.ts';
import { authorizationRequest } from './add-host/authorization-request.ts';
import { rateLimits } from './add-host/limits.ts';
import { metadataOfHosts } from './add-host/metadata.ts';
import { other, world } from './add-host/scene.ts';

beforeEach(() => {
  world.host.behaviour = {};
});
afterEach(async () => {
  await world.pool.query('delete from oauth_rate_limit');
});
afterAll(async () => {
  await world.close();
  await other.stop();
});

authorizationRequest();
typedAddresses();
metadataOfHosts();
rateLimits();
