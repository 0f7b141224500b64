type Metadata = Record<string, unknown>;

/**
 * Metadata of a good authorization server (RFC 8414, PROTOCOL §1), written without the code that reads it.
 */
export function serverMetadata(issuer: string): Metadata {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    pushed_authorization_request_endpoint: `${issuer}/par`,
    revocation_endpoint: `${issuer}/revoke`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['ES256', 'EdDSA'],
    dpop_signing_alg_values_supported: ['ES256', 'EdDSA'],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
  };
}

/** Metadata of a good Host. PROTOCOL §2.1. */
export function hostMetadata(
  issuer: string,
  { name, scopes }: { name: string; scopes: Readonly<Record<string, string>> },
): Metadata {
  return {
    ...serverMetadata(issuer),
    protected_resources: [`${issuer}/api`],
    chatelaine_name: name,
    chatelaine_transfer_scopes: scopes,
    // scopes that write are not listed
    chatelaine_transfer_scope_access: Object.fromEntries(
      Object.keys(scopes).flatMap((scope) => (scope.endsWith('.read') ? [[scope, 'read']] : [])),
    ),
  };
}

/** Metadata of a good AM. PROTOCOL §5. */
export function amMetadata(issuer: string): Metadata {
  return {
    ...serverMetadata(issuer),
    registration_endpoint: `${issuer}/register`,
    chatelaine_targets_endpoint: `${issuer}/targets`,
    chatelaine_refusals_endpoint: `${issuer}/refusals`,
    chatelaine_transfers_endpoint: `${issuer}/transfers`,
  };
}

/** An AM's client document for one Host, by the tag of that Host. PROTOCOL §2.2. */
export const linkClientDocument = (am: string, tag: string, name: string): Metadata => ({
  client_id: `${am}/clients/${tag}`,
  client_name: name,
  redirect_uris: [`${am}/callback/${tag}`],
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange'],
  response_types: ['code'],
  scope: 'transfer',
  token_endpoint_auth_method: 'private_key_jwt',
  jwks_uri: `${am}/jwks`,
  chatelaine_issuer: am,
});

/** Metadata of a Host's API. RFC 9728. */
export const resourceMetadata = (issuer: string, resource = `${issuer}/api`): Metadata => ({
  resource,
  authorization_servers: [issuer],
});

/** A Host's answer to the code and refresh grants of a link. PROTOCOL §2.2. */
export function linkTokens(input: {
  accessToken: string;
  refreshToken?: string;
  ceiling: readonly string[];
}): Metadata {
  return {
    access_token: input.accessToken,
    token_type: 'Bearer',
    expires_in: 3600,
    ...(input.refreshToken === undefined ? {} : { refresh_token: input.refreshToken }),
    scope: 'transfer',
    transfer_scope: input.ceiling.join(' '),
  };
}

/** A Host's or an AM's answer to a transfer, for a key. PROTOCOL §3.5. */
export function transferred(input: {
  accessToken: string;
  scope: string | null;
  resource: string | null;
  jkt: unknown;
  issuer: string;
}): Metadata {
  return {
    access_token: input.accessToken,
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'DPoP',
    expires_in: 300,
    scope: input.scope,
    resource: input.resource,
    cnf: { jkt: input.jkt },
    iss: input.issuer,
  };
}
