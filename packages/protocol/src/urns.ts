import { DEFERRED } from './deferred.ts';

/** Grant and token type identifiers, as registered. */
export const GRANT = {
  authorizationCode: 'authorization_code',
  refreshToken: 'refresh_token',
  /** RFC 8693 §2.1 */
  tokenExchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  /** PROTOCOL §3.7 */
  deferred: DEFERRED.grantType,
} as const;

export const TOKEN_TYPE = {
  /** RFC 8693 §3 */
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
} as const;

/** RFC 7523 §2.2 */
export const CLIENT_ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** RFC 9126 §2.2 */
export const REQUEST_URI_PREFIX = 'urn:ietf:params:oauth:request_uri:';

/** JWT `typ` values; never interchangeable. PROTOCOL §1. */
export const JWT_TYP = {
  clientAssertion: 'client-authentication+jwt',
  transferStatement: 'transfer-statement+jwt',
  requesterStatement: 'requester-statement+jwt',
  dpop: 'dpop+jwt',
  termsProffer: 'terms-proffer+jwt',
  termsAgreement: 'terms-agreement+jwt',
} as const;

/** `token_type_hint` by which the AM ends a transfer grant at a Host. PROTOCOL §7. */
export const TRANSFER_GRANT_HINT = 'transfer_grant';

/** The scope of both relationships: it lets its holder ask for transfers, and nothing else. */
export const TRANSFER_SCOPE = 'transfer';

/** Signature algorithms accepted anywhere; EdDSA means Ed25519, under its old name or its new (RFC 9864). */
export const SIGNING_ALGS = ['ES256', 'EdDSA', 'Ed25519'] as const;
export type SigningAlg = (typeof SIGNING_ALGS)[number];
