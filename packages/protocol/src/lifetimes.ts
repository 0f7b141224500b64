/** Every lifetime and limit of the protocol, in seconds unless the name says otherwise. PROTOCOL §1. */
export const LIFETIME = {
  authorizationCode: 60,
  hostGrant: 300,
  requestUri: 90,
  /** How long a started authorization (sign-in and consent) may take; also a client's `state`. */
  interaction: 600,
  /** How long the same answer to a consent page, sent again (a double click), has the same result. */
  repeatedAnswer: 10,
  relationshipAccessToken: 3600,
  /** A refresh token dies when unused for this long, or at the owner's "until when". */
  refreshTokenIdle: 90 * 86_400,
  /**
   * How long a rotated refresh token is recognized as such. It is still accepted for as long as the access token that
   * was issued with its successor lives. PROTOCOL §1.
   */
  replacedRefreshToken: 86_400,
  /** The longest lifetime of a statement or client assertion; `jti` is single use. */
  statement: 60,
  hostAccessToken: 300,
  hostBearerToken: 120,
  deferral: 3600,
  /** Between two polls of a deferral. */
  pollInterval: 5,
  /** An approval covers one transfer of exactly what was approved, within this time. */
  approval: 600,
  /** How long an unanswered question stays open. */
  ask: 7 * 86_400,
  /** How long it can be asked why something was refused. PROTOCOL §3.9. */
  explanation: 7 * 86_400,
  documentCacheMin: 300,
  documentCacheMax: 86_400,
} as const;

/** Clock skew allowed on `iat` of DPoP proofs (RFC 9449 §11.1), in both directions. */
export const DPOP_IAT_WINDOW_SECONDS = 60;

/** Limits on input, so that nothing grows with what a stranger sends. */
export const LIMIT = {
  formBytes: 65_536,
  /**
   * A consent page with a field for every scope at every Host of an owner posts hundreds; `formBytes` bounds them in
   * any case.
   */
  formPairs: 1000,
  fieldChars: 8192,
  /** Of a half-filled consent form that is kept while its browser is elsewhere. */
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
  /** Of a `client_id` and of a terms document's URL in a record: with both at this length, the record fits. */
  signerIdChars: 200,
  termsUriChars: 200,
  /** One terms document. */
  termsBytes: 16_384,
  redirectUris: 20,
  uriChars: 2000,
  /**
   * Transfer grants that a client may end before they were ever used: this many, and this many more for each of its
   * links. PROTOCOL §7.
   */
  unknownEndsPerClient: 1_000,
  unknownEndsPerLink: 100,
  /** Of a Requester's `purpose`. PROTOCOL §2.4, §3.1. */
  purposeChars: 200,
  /** How many things a Requester may want at once. PROTOCOL §2.4. */
  wants: 50,
  openAsksPerConnection: 20,
  /** Questions of one app to one owner, over all its connections: open at once, and new within an hour. */
  openAsksPerApp: 40,
  asksPerAppAndHour: 30,
  /** Deferral codes of one question; one more ends the oldest. */
  deferralsPerAsk: 5,
} as const;
