import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { attacks } from './stock-clients/attacks.ts';
import { clientsWithSecrets } from './stock-clients/clients.ts';
import { consent } from './stock-clients/consent.ts';
import { crashes } from './stock-clients/crashes.ts';
import { flow } from './stock-clients/flow.ts';
import { refreshing } from './stock-clients/refreshing.ts';
import type { Scene } from './stock-clients/scene.ts';
import { scopes } from './stock-clients/scopes.ts';
import { ALL_WELL, House } from './support/house.ts';
import { StockClient } from './support/stock-client.ts';

let scene: Scene;
beforeAll(async () => {
  const house = await House.build();
  house.host.bearer = true;
  const owner = await house.owner();
  const linkId = await house.link(owner);
  const am = { issuer: house.issuer, ports: house.ams.map(({ port }) => port) };
  scene = {
    house,
    owner,
    linkId,
    resource: house.host.resource,
    client: (options) => StockClient.register(am, options),
  };
});
beforeEach(() => scene.house.host.reset());
afterEach(async () => expect(await scene.house.audit()).toEqual(ALL_WELL));
afterAll(() => scene.house.close());

// one house for all of them: starting it takes longer than most of what is asked of it
const sceneOf = (): Scene => scene;
describe('a stock OAuth client', () => {
  flow(sceneOf);
  consent(sceneOf);
  scopes(sceneOf);
  refreshing(sceneOf);
  clientsWithSecrets(sceneOf);
  attacks(sceneOf);
  crashes(sceneOf);
  it('leaves no intent open', async () => expect((await scene.house.audit()).open).toBe(0));
});
