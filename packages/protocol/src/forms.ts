import { z } from 'zod';
import { completionFields, deferredFields } from './deferred.ts';
import { CLIENT_ASSERTION_TYPE, GRANT, TOKEN_TYPE } from './urns.ts';

/**
 * The forms of the protocol, for documents that describe them. Code reads them by name through `parseForm`; a test
 * holds that each parameter required here is one that the endpoint demands.
 */
const clientFields = {
  client_id: z.string().optional().describe('Of a client without keys; otherwise the assertion says it.'),
  client_assertion_type: z.literal(CLIENT_ASSERTION_TYPE).optional(),
  client_assertion: z
    .string()
    .optional()
    .describe('private_key_jwt (RFC 7523): aud is the issuer, at most 60 s, jti once.'),
};

/** RFC 9126 §2.1 */
export const pushedRequestForm = z.object({
  ...clientFields,
  response_type: z.literal('code'),
  redirect_uri: z.string().optional().describe('May be left out by a client that registered exactly one.'),
  scope: z.literal('transfer'),
  transfer_scope: z.string().optional().describe('At a Host: the delegable scopes wanted (PROTOCOL §2.2).'),
  state: z.string().optional(),
  code_challenge: z.string(),
  code_challenge_method: z.literal('S256'),
  dpop_jkt: z.string().optional().describe('At an AM, unless the request carries a DPoP proof (RFC 9449 §10).'),
  prompt: z.string().optional(),
  host: z.string().optional().describe('At an AM, with host_grant: the Host that the client is, too (PROTOCOL §2.3).'),
  host_grant: z.string().optional().describe('A code of that Host for the AM, with the same code_challenge.'),
  chatelaine_wants: z
    .string()
    .optional()
    .describe('At an AM: what the owner is shown that the client would like, a JSON text (PROTOCOL §2.4).'),
});

/** OAuth 2.1 §4.1.3 */
export const codeForm = z.object({
  ...clientFields,
  grant_type: z.literal(GRANT.authorizationCode),
  code: z.string(),
  code_verifier: z.string(),
  redirect_uri: z.string().optional(),
});

/** OAuth 2.1 §4.3 */
export const refreshForm = z.object({
  ...clientFields,
  grant_type: z.literal(GRANT.refreshToken),
  refresh_token: z.string(),
  scope: z.string().optional(),
});

/** What a request for a Host's own token adds, at an AM. PROTOCOL §6. */
const plainFields = {
  client_secret: z
    .string()
    .optional()
    .describe('Of a client that registered with one; or in the Authorization header.'),
  scope: z.string().optional().describe("Of the Host's scopes. At the token endpoint: less than was granted."),
};

/** RFC 9126 §2.1, RFC 8707 §2, PROTOCOL §6 */
export const resourceRequestForm = pushedRequestForm
  .omit({ scope: true, transfer_scope: true, host: true, host_grant: true, chatelaine_wants: true })
  .extend({ ...plainFields, resource: z.string().describe('Exactly one: what the token is to be for.') });

/** RFC 8707 §2.2, PROTOCOL §6 */
export const resourceCodeForm = codeForm.extend({
  ...plainFields,
  resource: z.string().optional().describe('Only the one of the request.'),
});
export const resourceRefreshForm = refreshForm.extend({
  ...plainFields,
  resource: z.string().optional().describe('Only the one of the request.'),
});

const ownStatement = {
  actor_token: z.string().optional().describe("The Requester's own statement (PROTOCOL §3.6)."),
  actor_token_type: z.literal(TOKEN_TYPE.jwt).optional(),
};

/** Hop 1. RFC 8693 §2.1, PROTOCOL §3.1. */
export const transferForm = z.object({
  ...clientFields,
  grant_type: z.literal(GRANT.tokenExchange),
  subject_token: z.string().describe("The connection's access token."),
  subject_token_type: z.literal(TOKEN_TYPE.accessToken),
  requested_token_type: z.literal(TOKEN_TYPE.accessToken).optional(),
  resource: z.string().describe('Exactly one.'),
  audience: z.string().optional().describe('The issuer of the same Host.'),
  scope: z.string(),
  purpose: z.string().max(200).optional().describe('Shown to the owner when they are asked.'),
  ...ownStatement,
  ...completionFields,
});

/** Polls for a transfer that waits for the owner. PROTOCOL §3.7. */
export const deferredForm = z.object({ ...clientFields, ...deferredFields, ...ownStatement });

/** Hop 2. RFC 8693 §2.1, PROTOCOL §3.3. */
export const mintForm = z.object({
  ...clientFields,
  grant_type: z.literal(GRANT.tokenExchange),
  subject_token: z.string().describe("The link's access token."),
  subject_token_type: z.literal(TOKEN_TYPE.accessToken),
  requested_token_type: z.literal(TOKEN_TYPE.accessToken).optional(),
  actor_token: z.string().describe("The AM's statement (PROTOCOL §3.3)."),
  actor_token_type: z.literal(TOKEN_TYPE.jwt),
  resource: z.string(),
  audience: z.string().optional(),
  scope: z.string(),
});

/** RFC 7009 §2.1 */
export const revocationForm = z.object({
  ...clientFields,
  token: z.string(),
  token_type_hint: z.string().optional().describe('`transfer_grant` at a Host: `token` is a grant_id (PROTOCOL §7).'),
});

/** RFC 7662 §2.1 */
export const introspectionForm = z.object({
  ...clientFields,
  token: z.string(),
  token_type_hint: z.string().optional(),
});

/** RFC 9126 §2.2 */
export const pushedResponseSchema = z.object({ request_uri: z.string(), expires_in: z.number().int() });
