import { z } from 'zod';
import { deferralMembers } from './deferred.ts';
import { displayText, uri } from './display.ts';
import { LIMIT } from './lifetimes.ts';
import { termsReferenceSchema } from './terms.ts';

/** RFC 6749 §5.1, as AM and Host answer the code and refresh grants. */
export const tokenResponseSchema = z.object({
  access_token: z.string(),
  token_type: z.string(),
  // bounded by what a date can hold
  expires_in: z.number().int().positive().max(31_536_000),
  refresh_token: z.string().optional(),
  scope: z.string(),
  /** At a Host: the ceiling the owner set for what may be transferred. PROTOCOL §2.2. */
  transfer_scope: z.string().optional(),
});
export type TokenResponse = z.infer<typeof tokenResponseSchema>;

/** The answer of a transfer, on both hops: these eight members and no other. RFC 8693 §2.2.1, PROTOCOL §3.4, §3.5. */
export const transferResponseSchema = z.object({
  access_token: z.string().min(1).max(8192),
  issued_token_type: z.string(),
  token_type: z.enum(['DPoP', 'Bearer']),
  expires_in: z.number().int().positive(),
  scope: z.string(),
  resource: z.string(),
  cnf: z.object({ jkt: z.string() }).optional(),
  iss: z.string(),
});
export type TransferResponse = z.infer<typeof transferResponseSchema>;

/** What a token endpoint answers with. */
export const tokenAnswerSchema = z.union([tokenResponseSchema, transferResponseSchema]);

/** The AM's statement on hop 2. PROTOCOL §3.3. */
export const transferStatementSchema = z.object({
  iss: z.string().max(2000),
  /** The Requester's client id at the AM. RFC 6749 Appendix A.1, without the space. */
  sub: uri,
  aud: z.string(),
  iat: z.number(),
  exp: z.number(),
  jti: z.string().min(1).max(128),
  /** base64url(SHA-256(subject_token)): ties the statement to one link. */
  ath: z.string().max(64),
  resource: z.string().max(2000),
  scope: z.string().max(8192),
  cnf: z.object({ jkt: z.string().regex(/^[A-Za-z0-9_-]{43}$/) }).optional(),
  bearer: z.literal(true).optional(),
  /** 128 random bits chosen by the AM, one per (link, connection). */
  grant_id: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
  client_name: displayText(100).optional(),
  client_uri: uri.optional(),
  /** The Requester's own statement, as it came with hop 1. PROTOCOL §3.6. */
  requester_statement: z.string().max(LIMIT.requesterStatementChars).optional(),
});
export type TransferStatement = z.infer<typeof transferStatementSchema>;

/** The Requester's own statement: its key, for one resource of one Host. PROTOCOL §3.6. */
export const requesterStatementSchema = z.object({
  /** Its client id, which is the URL of its client document. */
  iss: uri,
  sub: uri,
  aud: z.string(),
  iat: z.number(),
  exp: z.number(),
  jti: z.string().min(1).max(128),
  resource: z.string().max(2000),
  /** May be wider than what is asked for. */
  scope: z.string().max(8192),
  cnf: z.object({ jkt: z.string().regex(/^[A-Za-z0-9_-]{43}$/) }),
});
export type RequesterStatement = z.infer<typeof requesterStatementSchema>;

/** RFC 7662 §2.2 with RFC 8693 §4.1 `act` and RFC 9449 §6.2 `cnf`. */
export const introspectionResponseSchema = z.object({
  active: z.boolean(),
  scope: z.string().optional(),
  client_id: z.string().optional(),
  token_type: z.string().optional(),
  exp: z.number().optional(),
  iat: z.number().optional(),
  sub: z.string().optional(),
  aud: z.string().optional(),
  iss: z.string().optional(),
  transfer_scope: z.string().optional(),
  cnf: z.object({ jkt: z.string() }).optional(),
  act: z.object({ iss: z.string(), sub: z.string() }).optional(),
});
export type IntrospectionResponse = z.infer<typeof introspectionResponseSchema>;

/** Names one request at an AM. PROTOCOL §3.9. */
export const requestIdSchema = z.string().regex(/^[A-Za-z0-9_.-]{8,64}$/);

/** RFC 6749 §5.2 and our additional members, as read from another server. */
export const errorResponseSchema = z.object({
  // checked against its grammar: another server's words go into logs and rows, and NUL, for one, fits into neither
  error: z
    .string()
    .max(100)
    .regex(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/),
  error_description: z.string().max(2000).optional(),
  denied_by: z.enum(['am', 'host']).optional(),
  unavailable: z.literal('host').optional().catch(undefined),
  requestable: z.boolean().optional(),
  paused: z.literal(true).optional().catch(undefined),
  allowed_scope: z.string().max(8192).optional(),
  request_id: requestIdSchema.optional().catch(undefined),
  interaction_uri: z.string().max(2000).optional(),
  scope: z.string().max(8192).optional(),
  terms: z.array(termsReferenceSchema).max(2).readonly().optional(),
  proffer: z.string().max(LIMIT.agreementChars).optional(),
  ...deferralMembers,
});
export type ErrorResponse = z.infer<typeof errorResponseSchema>;

/** One Host a connection may ask for. PROTOCOL §5. */
const targetSchema = z.object({
  resource: z.string(),
  issuer: z.string(),
  name: z.string(),
  account: z.string(),
  scopes: z.array(z.object({ scope: z.string(), answer: z.enum(['allow', 'ask', 'deny']) })),
});
export const targetsResponseSchema = z.object({
  targets: z.array(targetSchema),
  /**
   * The owner has paused the connection: whatever the answers are, it gets nothing until they resume it. PROTOCOL §7.
   */
  paused: z.literal(true).optional(),
});
export type TargetsResponse = z.infer<typeof targetsResponseSchema>;
