import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { type Embedded, startEmbedded } from '@chatelaine/dev-postgres';
import { storageContract } from '@chatelaine/oauth-server/contract';
import { startHarness } from './harness.ts';

let server: Embedded;
beforeAll(async () => {
  server = await startEmbedded();
});
afterAll(() => server.stop());

storageContract({ describe, it, beforeAll, afterAll }, 'storage on Postgres', () => startHarness(server));
