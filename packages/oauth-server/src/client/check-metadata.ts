import { validateJwks } from '@chatelaine/crypto';
import {
  type ClientMetadata,
  GRANT,
  type Issuer,
  invalidClientMetadata,
  invalidRedirectUri,
  LIMIT,
  parseIssuer,
  parseScope,
  type Schemes,
  TRANSFER_SCOPE,
} from '@chatelaine/protocol';
import { authMethodOf } from './auth-method.ts';
import { isWebUri, refusalOfRedirectUri } from './check-uri.ts';
import { type Client, type ClientKeys, hasSecret, nameWithout } from './client.ts';

/**
 * Checks client metadata (RFC 7591 §2) and turns it into a client. Throws `invalid_redirect_uri` or
 * `invalid_client_metadata` (RFC 7591 §3.2.2) with a sentence for the client's developer.
 */
export function checkClientMetadata(
  schemes: Schemes,
  input: { id: string; source: Client['source']; metadata: ClientMetadata; secretHash?: Buffer | null },
): Client {
  const { id, source, metadata, secretHash = null } = input;
  for (const uri of metadata.redirect_uris) {
    const refusal = refusalOfRedirectUri(uri, schemes);
    if (refusal !== null) throw invalidRedirectUri(refusal);
  }
  const authMethod = authMethodOf(metadata, source);
  const grantTypes = metadata.grant_types ?? [GRANT.authorizationCode];
  if (metadata.response_types?.some((type) => type !== 'code') === true) {
    throw invalidClientMetadata('response_types may only be "code".');
  }
  if (metadata.software_statement !== undefined) {
    throw invalidClientMetadata('Software statements are not accepted.');
  }
  return {
    id,
    source,
    name: metadata.client_name ?? nameWithout({ id, source }, metadata.redirect_uris[0] ?? id),
    isNamed: metadata.client_name !== undefined,
    uri: checkWebUri(metadata.client_uri, 'client_uri', schemes),
    logoUri: checkWebUri(metadata.logo_uri, 'logo_uri', schemes),
    termsUri: checkWebUri(metadata.tos_uri, 'tos_uri', schemes),
    policyUri: checkWebUri(metadata.policy_uri, 'policy_uri', schemes),
    redirectUris: metadata.redirect_uris,
    grantTypes,
    scope: checkScope(metadata.scope),
    authMethod,
    secretHash: hasSecret({ authMethod }) ? secretHash : null,
    keys: checkKeys(metadata, authMethod, schemes),
    dpopBound: metadata.dpop_bound_access_tokens === true,
    issuer: checkIssuer(metadata.chatelaine_issuer, 'chatelaine_issuer', schemes),
    host: checkIssuer(metadata.chatelaine_host, 'chatelaine_host', schemes),
    acceptsTerms: metadata.chatelaine_terms ?? [],
    wants: metadata.chatelaine_wants ?? [],
  };
}

function checkKeys(metadata: ClientMetadata, method: Client['authMethod'], schemes: Schemes): ClientKeys | null {
  const { jwks, jwks_uri: uri } = metadata;
  // RFC 7591 §2: the two must not both be present
  if (jwks !== undefined && uri !== undefined) throw invalidClientMetadata('Give jwks or jwks_uri, not both.');
  if (jwks !== undefined) {
    const checked = validateJwks(jwks);
    if (checked.kind !== 'valid') throw invalidClientMetadata(`jwks is not acceptable: ${checked.reason}`);
    return { kind: 'inline', jwks: checked.jwks };
  }
  const checkedUri = checkWebUri(uri, 'jwks_uri', schemes);
  if (checkedUri !== null) return { kind: 'uri', uri: checkedUri };
  if (method === 'private_key_jwt') throw invalidClientMetadata('private_key_jwt needs jwks or jwks_uri.');
  return null;
}

function checkWebUri(value: string | undefined, member: string, schemes: Schemes): string | null {
  if (value === undefined) return null;
  if (!isWebUri(value, schemes)) throw invalidClientMetadata(`${member} must be an https URL.`);
  return value;
}

function checkScope(value: string | undefined): Client['scope'] {
  if (value === undefined) return [TRANSFER_SCOPE];
  const scopes = value.length > LIMIT.fieldChars ? null : parseScope(value);
  if (scopes === null) throw invalidClientMetadata('scope is not a list of scope values.');
  return scopes;
}

function checkIssuer(value: string | undefined, member: string, schemes: Schemes): Issuer | null {
  if (value === undefined) return null;
  const issuer = parseIssuer(value, schemes);
  if (issuer === null) throw invalidClientMetadata(`${member} must be an origin in canonical form.`);
  return issuer;
}
