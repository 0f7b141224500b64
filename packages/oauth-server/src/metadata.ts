import { GRANT, SIGNING_ALGS, type ServerMetadata, TRANSFER_SCOPE } from '@chatelaine/protocol';
import { SECRET_METHODS } from './client/auth-method.ts';
import type { ServerConfig } from './deps.ts';
import { ENDPOINT } from './endpoints.ts';
import { takesPlainClients } from './extension.ts';

/** RFC 8414 metadata. Honest: what is listed works, what works is listed. */
export function serverMetadata(config: ServerConfig): ServerMetadata & Readonly<Record<string, unknown>> {
  const { issuer } = config;
  const at = (path: string): string => `${issuer}${path}`;
  const authMethods = [
    'private_key_jwt',
    ...(config.relationshipTokens === 'keyed' ? [] : ['none']),
    ...(takesPlainClients(config) ? SECRET_METHODS : []),
  ];
  const algs = [...SIGNING_ALGS];
  return {
    issuer,
    authorization_endpoint: at(ENDPOINT.authorize),
    token_endpoint: at(ENDPOINT.token),
    pushed_authorization_request_endpoint: at(ENDPOINT.pushed),
    require_pushed_authorization_requests: config.pushedRequests === 'required',
    ...(config.registration === 'open' ? { registration_endpoint: at(ENDPOINT.register) } : {}),
    revocation_endpoint: at(ENDPOINT.revoke),
    introspection_endpoint: at(ENDPOINT.introspect),
    // clients that find no scope elsewhere request all those listed here, and "transfer" together with a resource is
    // refused (PROTOCOL §6)
    ...(takesPlainClients(config) ? {} : { scopes_supported: [TRANSFER_SCOPE] }),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [
      GRANT.authorizationCode,
      GRANT.refreshToken,
      ...config.grants.map((grant) => grant.grantType),
    ],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: authMethods,
    token_endpoint_auth_signing_alg_values_supported: algs,
    revocation_endpoint_auth_methods_supported: authMethods,
    revocation_endpoint_auth_signing_alg_values_supported: algs,
    introspection_endpoint_auth_methods_supported: ['private_key_jwt'],
    introspection_endpoint_auth_signing_alg_values_supported: algs,
    dpop_signing_alg_values_supported: algs,
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: config.clientDocuments !== 'none',
    ...(config.resources.length === 0 ? {} : { protected_resources: [...config.resources] }),
    chatelaine_name: config.name,
    ...(config.transferScopes === null ? {} : { chatelaine_transfer_scopes: { ...config.transferScopes } }),
    ...config.metadata,
  };
}
