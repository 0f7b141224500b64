import { validateJwks } from '@chatelaine/crypto';
import {
  type ClientMetadata,
  GRANT,
  type Issuer,
  invalidClientMetadata,
  invalidRedirectUri,
  isLoopbackHost,
  LIMIT,
  parseIssuer,
  parseScope,
  type Schemes,
  SIGNING_ALGS,
  TRANSFER_SCOPE,
} from '@chatelaine/protocol';
import { ANSWER_PARAMETERS } from '../authorize/answer-url.ts';
import type { Client, ClientKeys } from './client.ts';

const KNOWN_GRANTS: readonly string[] = Object.values(GRANT);

/**
 * Checks client metadata (RFC 7591 §2) and turns it into a client. Throws `invalid_redirect_uri` or `invalid_client_metadata`
 * (RFC 7591 §3.2.2) with a sentence for the client's developer.
 */
export function checkClientMetadata(
  schemes: Schemes,
  input: { id: string; source: Client['source']; metadata: ClientMetadata; secretHash?: Buffer | null },
): Client {
  const { id, source, metadata, secretHash = null } = input;
  for (const uri of metadata.redirect_uris) checkRedirectUri(uri, schemes);
  const authMethod = checkAuthMethod(metadata, source);
  const grantTypes = metadata.grant_types ?? [GRANT.authorizationCode];
  // a document speaks to every server there is, newer ones included; a registration to this one
  if (source === 'registered' && grantTypes.some((grant) => !KNOWN_GRANTS.includes(grant)))
    throw invalidClientMetadata('grant_types names a grant this server does not have.');
  if (metadata.response_types?.some((type) => type !== 'code') === true) {
    throw invalidClientMetadata('response_types may only be "code".');
  }
  if (metadata.software_statement !== undefined) {
    throw invalidClientMetadata('Software statements are not accepted.');
  }
  for (const member of ['logo_uri', 'tos_uri', 'policy_uri'] as const) checkWebUri(metadata[member], member, schemes);
  return {
    id,
    source,
    name: metadata.client_name ?? displayHost(metadata.client_uri ?? metadata.redirect_uris[0] ?? id),
    uri: checkWebUri(metadata.client_uri, 'client_uri', schemes),
    redirectUris: metadata.redirect_uris,
    grantTypes,
    scope: checkScope(metadata.scope),
    authMethod,
    secretHash: authMethod === 'client_secret' ? secretHash : null,
    keys: checkKeys(metadata, authMethod, schemes),
    dpopBound: metadata.dpop_bound_access_tokens === true,
    issuer: checkIssuer(metadata.chatelaine_issuer, 'chatelaine_issuer', schemes),
    host: checkIssuer(metadata.chatelaine_host, 'chatelaine_host', schemes),
  };
}

/** RFC 9700 §2.1, RFC 8252 §7: https anywhere, http on loopback only (and on a demo's own names); no fragment, no wildcard, no userinfo. */
function checkRedirectUri(value: string, schemes: Schemes): void {
  const refuse = (why: string): never => {
    throw invalidRedirectUri(`A redirect URI ${why}.`);
  };
  if (value.includes('#') || value.includes('*') || /[\s\\]/.test(value))
    return refuse('must not have a fragment, wildcard, space or backslash');
  const url = URL.canParse(value) ? new URL(value) : refuse('is not an absolute URL');
  if (url.username !== '' || url.password !== '') refuse('must not carry user information');
  if (ANSWER_PARAMETERS.some((name) => url.searchParams.has(name))) refuse('must not carry a parameter of the answer');
  if (url.protocol === 'https:') return isIpLiteral(url.hostname) ? refuse('must not name an IP address') : undefined;
  if (url.protocol !== 'http:') refuse('must be https, or http on a loopback address');
  const demo = schemes.includes('http') && url.hostname.endsWith('.localhost');
  if (!isLoopbackHost(url.hostname) && !demo) refuse('must be https, or http on a loopback address');
}

function isIpLiteral(hostname: string): boolean {
  return hostname.startsWith('[') || /^[0-9.]+$/.test(hostname);
}

/** The ways in which a client_secret is sent. RFC 6749 §2.3.1. */
export const SECRET_METHODS: readonly string[] = ['client_secret_basic', 'client_secret_post'];

function checkAuthMethod(metadata: ClientMetadata, source: Client['source']): Client['authMethod'] {
  const method =
    metadata.token_endpoint_auth_method ?? ((metadata.jwks ?? metadata.jwks_uri) ? 'private_key_jwt' : 'none');
  // CIMD §4.1: a document that everybody reads goes with no secret
  if (source === 'registered' && SECRET_METHODS.includes(method)) return 'client_secret';
  if (method !== 'none' && method !== 'private_key_jwt') {
    throw invalidClientMetadata('token_endpoint_auth_method must be private_key_jwt or none.');
  }
  const alg = metadata.token_endpoint_auth_signing_alg;
  if (alg !== undefined && !SIGNING_ALGS.some((known) => known === alg)) {
    throw invalidClientMetadata('token_endpoint_auth_signing_alg must be ES256 or EdDSA.');
  }
  return method;
}

function checkKeys(metadata: ClientMetadata, method: Client['authMethod'], schemes: Schemes): ClientKeys | null {
  const { jwks, jwks_uri: uri } = metadata;
  // RFC 7591 §2: the two must not both be present
  if (jwks !== undefined && uri !== undefined) throw invalidClientMetadata('Give jwks or jwks_uri, not both.');
  if (jwks !== undefined) {
    const checked = validateJwks(jwks);
    if (checked.kind === 'invalid') throw invalidClientMetadata(`jwks is not acceptable: ${checked.reason}`);
    return { kind: 'inline', jwks };
  }
  const checkedUri = checkWebUri(uri, 'jwks_uri', schemes);
  if (checkedUri !== null) return { kind: 'uri', uri: checkedUri };
  if (method === 'private_key_jwt') throw invalidClientMetadata('private_key_jwt needs jwks or jwks_uri.');
  return null;
}

function checkWebUri(value: string | undefined, member: string, schemes: Schemes): string | null {
  if (value === undefined) return null;
  const url = URL.canParse(value) ? new URL(value) : null;
  const known = schemes.some((scheme) => url?.protocol === `${scheme}:`);
  if (url === null || !known || url.username !== '' || url.password !== '') {
    throw invalidClientMetadata(`${member} must be an https URL.`);
  }
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

function displayHost(uri: string): string {
  return (URL.canParse(uri) ? new URL(uri).host : uri).slice(0, 100);
}
