/** Every lifetime and limit of the protocol, in seconds unless the name says otherwise. PROTOCOL §1. */
export const LIFETIME = {
  authorizationCode: 60,
  hostGrant: 300,
  requestUri: 90,
  /** How long a started authorization (sign-in and consent) may take; also a client's `state`. */
  interaction: 600,
  /** How long the same answer to a request, sent once more (a double click), is answered the same way. */
  repeatedAnswer: 10,
  relationshipAccessToken: 3600,
  /** A refresh token dies when unused for this long, or at the owner's "until when". */
  refreshTokenIdle: 90 * 86_400,
  /**
   * How long a rotated refresh token is known as such; it answers for as long as the access token handed out with its
   * successor. PROTOCOL §1.
   */
  replacedRefreshToken: 86_400,
  /** Longest a statement or a client assertion may live; `jti` is single use. */
  statement: 60,
  hostAccessToken: 300,
  hostBearerToken: 120,
  deferral: 3600,
  /** Between two polls of a deferral. */
  pollInterval: 5,
  /** An approval covers one transfer of exactly what was approved, within this time. */
  approval: 600,
  /** How long an unanswered ask stays open. */
  ask: 7 * 86_400,
  documentCacheMin: 300,
  documentCacheMax: 86_400,
} as const;

/** Skew allowed on `iat` of DPoP proofs (RFC 9449 §11.1), both ways. */
export const DPOP_IAT_WINDOW_SECONDS = 60;

/** Limits on input, so that nothing grows with what a stranger sends. */
export const LIMIT = {
  formBytes: 65_536,
  /**
   * A page with a question for every scope at every one of somebody's Hosts sends hundreds; `formBytes` bounds them
   * anyway.
   */
  formPairs: 1000,
  fieldChars: 8192,
  /** Of what a browser had filled in on a consent page when it had to leave it. */
  keptFormBytes: 32_768,
  jsonDepth: 32,
  documentBytes: 65_536,
  scopes: 100,
  scopeChars: 200,
  tokenChars: 8192,
  /** A Requester's own statement travels inside the AM's, which may have `tokenChars` itself. PROTOCOL §3.6. */
  requesterStatementChars: 3072,
  jtiChars: 128,
  /** A signed record of terms, the offer in it included. PROTOCOL §10.2. */
  agreementChars: 4096,
  /** Of a `client_id` that can be in one, and of a terms document's address: with both the record fits. */
  signerIdChars: 200,
  termsUriChars: 200,
  /** One terms document. */
  termsBytes: 16_384,
  redirectUris: 20,
  uriChars: 2000,
  /**
   * Transfer grants that a client ends and that were never heard of: at most so many, and so many more for each of its
   * links. PROTOCOL §7.
   */
  unknownEndsPerClient: 1_000,
  unknownEndsPerLink: 100,
  /** Of what a Requester says that it wants something for. PROTOCOL §2.4, §3.1. */
  purposeChars: 200,
  /** So many things it can say that it wants. PROTOCOL §2.4. */
  wants: 50,
  openAsksPerConnection: 20,
  /** Of one owner's, over all its connections: open at once, and new ones within an hour. */
  openAsksPerApp: 40,
  asksPerAppAndHour: 30,
  /** Of one question; one more ends the oldest. */
  deferralsPerAsk: 5,
} as const;
