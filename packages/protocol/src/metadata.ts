import { z } from 'zod';
import { deferredMetadata } from './deferred.ts';
import { displayText, uri } from './display.ts';
import { LIMIT } from './lifetimes.ts';
import { SCOPE_TOKEN } from './scope.ts';

// a database need not accept names with such characters
const UNSTORABLE = /[\p{Cc}\p{Cs}]/u;
const names = z
  .array(
    z
      .string()
      .max(LIMIT.scopeChars)
      .refine((name) => !UNSTORABLE.test(name)),
  )
  .max(LIMIT.scopes);
const scopeName = z.string().max(LIMIT.scopeChars).regex(SCOPE_TOKEN);

/** RFC 8414 §2, with the members of RFC 9126 §5, RFC 9207 §3, RFC 9449 §5.1, RFC 9728 §4, CIMD and ours. */
export const serverMetadataSchema = z.object({
  issuer: uri,
  authorization_endpoint: uri,
  token_endpoint: uri,
  pushed_authorization_request_endpoint: uri.optional(),
  require_pushed_authorization_requests: z.boolean().optional(),
  registration_endpoint: uri.optional(),
  revocation_endpoint: uri.optional(),
  introspection_endpoint: uri.optional(),
  jwks_uri: uri.optional(),
  scopes_supported: names.optional(),
  response_types_supported: names,
  response_modes_supported: names.optional(),
  grant_types_supported: names.optional(),
  code_challenge_methods_supported: names.optional(),
  token_endpoint_auth_methods_supported: names.optional(),
  token_endpoint_auth_signing_alg_values_supported: names.optional(),
  revocation_endpoint_auth_methods_supported: names.optional(),
  revocation_endpoint_auth_signing_alg_values_supported: names.optional(),
  introspection_endpoint_auth_methods_supported: names.optional(),
  introspection_endpoint_auth_signing_alg_values_supported: names.optional(),
  dpop_signing_alg_values_supported: names.optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
  client_id_metadata_document_supported: z.boolean().optional(),
  protected_resources: z.array(uri).max(LIMIT.scopes).optional(),
  service_documentation: uri.optional(),
  ...deferredMetadata,
  /** At an AM: where a Requester reads what its connection may ask for. PROTOCOL §5. */
  chatelaine_targets_endpoint: uri.optional(),
  /** At an AM: where a Requester asks for many tokens at once. PROTOCOL §5. */
  chatelaine_transfers_endpoint: uri.optional(),
  /** At an AM: where a Requester reads the terms that the owner proffers, and answers. PROTOCOL §10. */
  chatelaine_agreements_endpoint: uri.optional(),
  /** At an AM: where a Requester asks why a request of its own was refused. PROTOCOL §3.9. */
  chatelaine_refusals_endpoint: uri.optional(),
  /** At an AM: every key that ever signed an offer, for verifying a record later. PROTOCOL §10.2. */
  chatelaine_proffer_keys: uri.optional(),
  /** At an AM: a Requester's own statement on hop 1 is passed on. PROTOCOL §3.6. */
  chatelaine_requester_statements_supported: z.boolean().optional(),
  /** At a Host: the scopes it gives only to Requesters that sign a statement of their own. PROTOCOL §3.6. */
  chatelaine_requester_statement_scopes: names.optional(),
  /** At a Host: the name people know it by. */
  chatelaine_name: displayText(100).optional(),
  /** At a Host: the scopes an owner can delegate through an AM, with a sentence each. PROTOCOL §2.2. */
  chatelaine_transfer_scopes: z
    .record(scopeName, displayText(300))
    .refine((scopes) => Object.keys(scopes).length <= LIMIT.scopes)
    .optional(),
  /**
   * At a Host: which of these scopes only read and which change something. One that is not named counts as the latter.
   * PROTOCOL §2.2.
   */
  chatelaine_transfer_scope_access: z
    .record(scopeName, z.enum(['read', 'write']))
    .refine((scopes) => Object.keys(scopes).length <= LIMIT.scopes)
    .optional(),
  /** At a Host that is also a Requester: its client id. PROTOCOL §2.3. */
  chatelaine_requester: uri.optional(),
  /** At an AM: it accepts `host` and `host_grant` with a pushed request. PROTOCOL §2.3. */
  chatelaine_host_grant_supported: z.boolean().optional(),
  /** At an AM: it reads `chatelaine_wants`, in a pushed request and in client metadata. PROTOCOL §2.4. */
  chatelaine_wants_supported: z.boolean().optional(),
});
export type ServerMetadata = z.infer<typeof serverMetadataSchema>;

/** RFC 9728 §2 */
export const resourceMetadataSchema = z.object({
  resource: uri,
  authorization_servers: z.array(uri).max(20).optional(),
  scopes_supported: names.optional(),
  bearer_methods_supported: names.optional(),
  resource_name: displayText(100).optional(),
  dpop_signing_alg_values_supported: names.optional(),
  dpop_bound_access_tokens_required: z.boolean().optional(),
});
export type ResourceMetadata = z.infer<typeof resourceMetadataSchema>;
