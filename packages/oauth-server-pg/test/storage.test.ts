import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { type Embedded, sharedEmbedded } from '@chatelaine/dev-postgres';
import { storageContract } from '@chatelaine/oauth-server-contract';
import { startHarness } from './harness.ts';

let server: Embedded;
beforeAll(async () => {
  server = await sharedEmbedded();
});
afterAll(() => server.stop());

storageContract({ describe, it, beforeAll, afterAll }, 'storage on Postgres', () => startHarness(server));
