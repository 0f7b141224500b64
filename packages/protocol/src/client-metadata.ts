import { z } from 'zod';
import { displayText, uri } from './display.ts';
import { LIMIT } from './lifetimes.ts';
import { wantsSchema } from './wants.ts';

const displayName = displayText(100);

/** A public JWK set; its keys are checked by the crypto package. */
export const jwksSchema = z.object({ keys: z.array(z.unknown()).max(20) });
export type JwksDocument = z.infer<typeof jwksSchema>;

/**
 * Client metadata, RFC 7591 §2, as registered or as published in a client document. Members not named here are ignored:
 * the server's own values win (no mass assignment).
 */
export const clientMetadataSchema = z.object({
  client_name: displayName.optional(),
  client_uri: uri.optional(),
  logo_uri: uri.optional(),
  tos_uri: uri.optional(),
  policy_uri: uri.optional(),
  redirect_uris: z.array(uri).min(1).max(LIMIT.redirectUris),
  grant_types: z.array(z.string().max(200)).max(10).optional(),
  response_types: z.array(z.string().max(50)).max(10).optional(),
  scope: z.string().max(2000).optional(),
  token_endpoint_auth_method: z.string().max(50).optional(),
  /** The methods a client supports besides the one it prefers. OpenID Connect RP Metadata Choices §2. */
  token_endpoint_auth_methods_supported: z.array(z.string().max(50)).max(20).optional(),
  token_endpoint_auth_signing_alg: z.string().max(20).optional(),
  jwks: jwksSchema.optional(),
  jwks_uri: uri.optional(),
  /** RFC 9449 §5.2 */
  dpop_bound_access_tokens: z.boolean().optional(),
  software_id: z.string().max(200).optional(),
  software_version: z.string().max(100).optional(),
  software_statement: z.string().optional(),
  /** In an AM's document for one Host: the AM's issuer. PROTOCOL §2.2. */
  chatelaine_issuer: uri.optional(),
  /** In a Requester's document: the issuer of the Host that it also is. PROTOCOL §2.3. */
  chatelaine_host: uri.optional(),
  /**
   * In a Requester's document: the URLs of terms documents that it accepts. A hint for the owner, never an acceptance.
   * PROTOCOL §10.3.
   */
  chatelaine_terms: z.array(uri).max(20).optional(),
  /**
   * In a Requester's document: what it would like to ask for. A hint for the owner's page, not a request. PROTOCOL
   * §2.4.
   */
  chatelaine_wants: wantsSchema.optional(),
});
export type ClientMetadata = z.infer<typeof clientMetadataSchema>;

/** A client ID metadata document: client metadata at the URL that is the client's id. */
export const clientDocumentSchema = clientMetadataSchema.extend({ client_id: uri });
export type ClientDocument = z.infer<typeof clientDocumentSchema>;

/** RFC 7591 §3.2.1, RFC 7592 §3 */
export const registrationResponseSchema = clientMetadataSchema.extend({
  client_id: z.string(),
  client_id_issued_at: z.number().int(),
  client_secret: z.string().optional(),
  client_secret_expires_at: z.number().int().optional(),
  registration_access_token: z.string().optional(),
  registration_client_uri: z.string(),
});
export type RegistrationResponse = z.infer<typeof registrationResponseSchema>;
