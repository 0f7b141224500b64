import { type ClientMetadata, invalidClientMetadata, SIGNING_ALGS } from '@chatelaine/protocol';
import type { Client } from './client.ts';

/** The ways in which a client_secret is sent. RFC 6749 §2.3.1. */
export const SECRET_METHODS = ['client_secret_basic', 'client_secret_post'] as const;
export type SecretMethod = (typeof SECRET_METHODS)[number];

type AuthMetadata = Pick<
  ClientMetadata,
  | 'token_endpoint_auth_method'
  | 'token_endpoint_auth_methods_supported'
  | 'token_endpoint_auth_signing_alg'
  | 'jwks'
  | 'jwks_uri'
>;

/**
 * How a client authenticates, by its own metadata. It prefers one method and may offer others (OpenID Connect RP
 * Metadata Choices §2). A document that offers `none` is treated as `none` from its first connection on: authentication
 * that a client may leave out proves nothing.
 */
export function authMethodOf(metadata: AuthMetadata, source: Client['source']): Client['authMethod'] {
  const offersNone = metadata.token_endpoint_auth_methods_supported?.includes('none') === true;
  if (source === 'document' && offersNone) return 'none';
  const preferred = metadata.token_endpoint_auth_method ?? (hasKeys(metadata) ? 'private_key_jwt' : 'none');
  // CIMD §4.1: a public document has no secret
  const secret = source === 'registered' ? SECRET_METHODS.find((method) => method === preferred) : undefined;
  if (secret !== undefined) return secret;
  const refusal = refusalOf(preferred, metadata);
  if (refusal === null) return preferred === 'none' ? 'none' : 'private_key_jwt';
  if (offersNone) return 'none';
  throw invalidClientMetadata(refusal);
}

function refusalOf(preferred: string, { token_endpoint_auth_signing_alg: alg }: AuthMetadata): string | null {
  if (preferred !== 'none' && preferred !== 'private_key_jwt')
    return 'token_endpoint_auth_method must be private_key_jwt or none.';
  if (alg !== undefined && !SIGNING_ALGS.some((known) => known === alg))
    return 'token_endpoint_auth_signing_alg must be ES256 or EdDSA.';
  return null;
}

/** RFC 7591 §2 has no rule for a client that names keys but no method: they are there to be used. */
function hasKeys({ jwks, jwks_uri: uri }: AuthMetadata): boolean {
  return jwks !== undefined || uri !== undefined;
}
