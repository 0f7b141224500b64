import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { CLEAN_AUDIT } from './support/deployment.ts';
import { minting } from './transfer/minting.ts';
import { races } from './transfer/races.ts';
import { deployment } from './transfer/scene.ts';
import { stops } from './transfer/stops.ts';
import { subjectTokens } from './transfer/subject-token.ts';
import { concurrentTransfers } from './transfer/concurrent.ts';
import { resourceAndScope } from './transfer/resource-and-scope.ts';
import { actorAndClient } from './transfer/actor-and-client.ts';

beforeEach(() => deployment.host.reset());
afterAll(() => deployment.close());

minting();
subjectTokens();
resourceAndScope();
actorAndClient();
stops();
races();
concurrentTransfers();

it('leaves no token without its row, and no row open', async () => {
  expect(await deployment.audit()).toEqual(CLEAN_AUDIT);
});
