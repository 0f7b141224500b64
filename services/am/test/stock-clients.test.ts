import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { attacks } from './stock-clients/attacks.ts';
import { clientsWithSecrets } from './stock-clients/clients.ts';
import { consent } from './stock-clients/consent.ts';
import { crashes } from './stock-clients/crashes.ts';
import { flow } from './stock-clients/flow.ts';
import { pausing } from './stock-clients/pausing.ts';
import { refreshing } from './stock-clients/refreshing.ts';
import type { Scene } from './stock-clients/scene.ts';
import { scopes } from './stock-clients/scopes.ts';
import { targets } from './stock-clients/targets.ts';
import { CLEAN_AUDIT, TestDeployment } from './support/deployment.ts';
import { StockClient } from './support/stock-client.ts';

let scene: Scene;
beforeAll(async () => {
  const deployment = await TestDeployment.build();
  deployment.host.bearer = true;
  const owner = await deployment.owner();
  const linkId = await deployment.link(owner);
  const am = { issuer: deployment.issuer, ports: deployment.ams.map(({ port }) => port) };
  scene = {
    deployment,
    owner,
    linkId,
    resource: deployment.host.resource,
    client: (options) => StockClient.register(am, options),
  };
});
beforeEach(() => scene.deployment.host.reset());
afterEach(async () => expect(await scene.deployment.audit()).toEqual(CLEAN_AUDIT));
afterAll(() => scene.deployment.close());

// one deployment for all of these tests, since starting it takes longer than most of them
const sceneOf = (): Scene => scene;
describe('a stock OAuth client', () => {
  flow(sceneOf);
  consent(sceneOf);
  targets(sceneOf);
  scopes(sceneOf);
  refreshing(sceneOf);
  pausing(sceneOf);
  clientsWithSecrets(sceneOf);
  attacks(sceneOf);
  crashes(sceneOf);
  it('leaves no intent open', async () => expect((await scene.deployment.audit()).open).toBe(0));
});
