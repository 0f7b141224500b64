import { describe, expect, test } from '@jest/globals';
import { GRANT, parseResource, serverMetadataSchema } from '@chatelaine/protocol';
import { ENDPOINT, serverMetadata } from '../src/index.ts';
import { EXAMPLE } from './example.ts';

const { issuer } = EXAMPLE;
const resource = parseResource(`${issuer}/api`, ['https']);
if (resource === null) throw new Error('no resource');

describe('server metadata', () => {
  test('is such as our own clients read, every endpoint on the issuer’s origin', () => {
    const metadata = serverMetadata(EXAMPLE);
    expect(serverMetadataSchema.parse(metadata)).toMatchObject({ issuer, chatelaine_name: 'A server' });
    const endpoints = Object.entries(metadata).filter(([name]) => name.endsWith('_endpoint'));
    expect(new Set(endpoints.map(([, url]) => url))).toEqual(
      new Set(
        [
          ENDPOINT.authorize,
          ENDPOINT.introspect,
          ENDPOINT.pushed,
          ENDPOINT.register,
          ENDPOINT.revoke,
          ENDPOINT.token,
        ].map((path) => `${issuer}${path}`),
      ),
    );
  });

  test('lists a registration endpoint only where strangers may register', () => {
    expect(serverMetadata({ ...EXAMPLE, registration: 'closed' })).not.toHaveProperty('registration_endpoint');
  });

  test('lists client documents only where they are read', () => {
    expect(serverMetadata(EXAMPLE).client_id_metadata_document_supported).toBe(true);
    expect(serverMetadata({ ...EXAMPLE, clientDocuments: 'none' }).client_id_metadata_document_supported).toBe(false);
  });

  test('says when requests must be pushed, and that keyless clients need a server with bearer tokens', () => {
    expect(serverMetadata({ ...EXAMPLE, pushedRequests: 'required', relationshipTokens: 'keyed' })).toMatchObject({
      require_pushed_authorization_requests: true,
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
    });
    expect(serverMetadata(EXAMPLE).token_endpoint_auth_methods_supported).toEqual(['private_key_jwt', 'none']);
  });

  test('lists the grants a server brings, its resources, and what can be delegated there', () => {
    const grant = { grantType: GRANT.tokenExchange, handle: async () => ({}) };
    const metadata = serverMetadata({
      ...EXAMPLE,
      grants: [grant],
      resources: [resource],
      transferScopes: { read: 'Read.' },
      metadata: { extra: 1 },
    });
    expect(metadata).toMatchObject({
      grant_types_supported: [GRANT.authorizationCode, GRANT.refreshToken, GRANT.tokenExchange],
      protected_resources: [resource],
      chatelaine_transfer_scopes: { read: 'Read.' },
      extra: 1,
    });
    for (const member of ['protected_resources', 'chatelaine_transfer_scopes'])
      expect(serverMetadata(EXAMPLE)).not.toHaveProperty(member);
  });
});
