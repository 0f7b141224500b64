import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { bodies } from './batch-refusals/bodies.ts';
import { clientAuthentication } from './batch-refusals/client-authentication.ts';
import { limits } from './batch-refusals/limits.ts';
import { deployment } from './batch-refusals/scene.ts';
import { CLEAN_AUDIT } from './support/deployment.ts';
import { exchange } from './support/requester.ts';

beforeEach(() => deployment.host.reset());
afterAll(async () => {
  const audit = await deployment.audit();
  await deployment.close();
  expect(audit).toEqual(CLEAN_AUDIT);
});

clientAuthentication();
bodies();
limits();

describe('the metadata', () => {
  it('says where to call, and the OpenAPI document says how', async () => {
    const read = async (path: string) => (await exchange(deployment.ams[0].port, { method: 'GET', path })).json;
    expect((await read('/.well-known/oauth-authorization-server'))['chatelaine_transfers_endpoint']).toBe(
      `${deployment.issuer}/transfers`,
    );
    const { paths } = (await read('/openapi.json')) as { paths: Record<string, { post?: unknown }> };
    expect(paths['/transfers']?.post).toMatchObject({ security: [{ dpop: [] }] });
  });
});
