import type { ClientMetadata, ScopeSet } from '@chatelaine/protocol';

/**
 * The kernel's storage port. Each method is one atomic protocol step; the WHERE clause is the lock; expected outcomes are
 * returned as unions and never thrown, so that no protocol refusal rolls a transaction back. Row expiry is compared with the
 * database's clock. Secrets arrive hashed (SHA-256, 32 bytes). Implementations must pass the contract suite in `contract/`.
 */
export interface OAuthStorage extends ClientStorage, RequestStorage, TokenStorage, TransferStorage {
  /** Burns guards on their own: for requests that end without any other write. */
  burn(guards: readonly ReplayGuard[]): Promise<BurnOutcome>;
  /** Deletes rows that are past their time, some at a time; returns how many. Safe to run on every replica at once. */
  reap(): Promise<number>;
}

/**
 * Something that may be used once: a DPoP proof's `jti` (RFC 9449 §11.1), an assertion's (RFC 7523 §3), a statement's
 * (PROTOCOL §3.3, §3.6). Passed into the step that the request performs, and burned by it in the same statement.
 */
export interface ReplayGuard {
  readonly kind: 'dpop' | 'assertion' | 'statement' | 'requester_statement';
  /** Whose `jti`: a key thumbprint or a client id. */
  readonly key: string;
  readonly jti: string;
  /** Epoch seconds after which the proof would be refused anyway. */
  readonly expiresAt: number;
}

/** All guards were fresh, or the first one that was not. Guards that were fresh stay burned either way. */
export type BurnOutcome = { readonly kind: 'burned' } | Replayed;
export interface Replayed {
  readonly kind: 'replayed';
  readonly guard: ReplayGuard['kind'];
}

/** Names a row of a hot table. */
export interface TokenKey {
  readonly bucket: number;
  readonly hash: Buffer;
}

// ---- clients ---------------------------------------------------------------------------------------------------------

export interface StoredClient {
  readonly id: string;
  readonly metadata: ClientMetadata;
  /** Epoch seconds. */
  readonly createdAt: number;
  /** SHA-256 of its client_secret; null for a client that has none. */
  readonly secretHash: Buffer | null;
}

export interface CachedDocument {
  readonly url: string;
  readonly body: unknown;
  /** Seconds since it was fetched, and for how many more it is fresh (negative: stale). */
  readonly ageSeconds: number;
  readonly freshForSeconds: number;
}

export interface ClientStorage {
  findClient(id: string): Promise<StoredClient | null>;
  insertClient(input: {
    id: string;
    metadata: ClientMetadata;
    registrationTokenHash: Buffer;
    secretHash: Buffer | null;
  }): Promise<void>;
  /** The client whose registration access token this is. RFC 7592 §2. */
  findClientByRegistrationToken(input: { id: string; hash: Buffer }): Promise<StoredClient | null>;
  /** Deletes the client and ends every grant it has, in one step. RFC 7592 §2.3. */
  deleteClient(input: {
    id: string;
    registrationTokenHash: Buffer;
  }): Promise<{ kind: 'deleted' } | { kind: 'unknown' }>;
  readDocument(url: string): Promise<CachedDocument | null>;
  writeDocument(input: { url: string; body: unknown; freshForSeconds: number }): Promise<void>;
}

// ---- authorization requests, consent, codes --------------------------------------------------------------------------

/** A checked authorization request. */
export interface AuthorizationRequest {
  readonly redirectUri: string;
  readonly scope: ScopeSet;
  /** The delegable scopes a link asks for; null for a connection. PROTOCOL §2.2. */
  readonly transferScope: ScopeSet | null;
  readonly state: string | null;
  readonly codeChallenge: string;
  /** Thumbprint of the DPoP key the relationship will have for life (RFC 9449 §10); null where the server binds none. */
  readonly jkt: string | null;
  readonly prompt: string | null;
  /** What extensions keep of it, by their names; JSON. */
  readonly extensions: Readonly<Record<string, unknown>>;
  /** The extension that answers for the grant it leads to; null: the kernel, with a relationship token. */
  readonly answeredBy: string | null;
}

export type ClaimOutcome =
  /** `expiresAt`: until when it can be answered, epoch seconds. */
  | { readonly kind: 'claimed'; readonly request: AuthorizationRequest; readonly expiresAt: number }
  /** Unknown, expired, of another client, of another browser, or already finished: nothing tells them apart. */
  | { readonly kind: 'unknown' };

export interface NewGrant {
  readonly id: string;
  /** The owner. */
  readonly subject: string;
  readonly bucket: number;
  readonly scope: ScopeSet;
  readonly transferScope: ScopeSet | null;
  /** Epoch seconds; null: until it is ended. */
  readonly expiresAt: number | null;
}

export interface RequestStorage {
  saveRequest(input: {
    hash: Buffer;
    clientId: string;
    request: AuthorizationRequest;
    lifetimeSeconds: number;
    guards: readonly ReplayGuard[];
  }): Promise<{ kind: 'saved' } | Replayed>;
  /**
   * Ties a live request to the first browser that opens it and gives it time for sign-in and consent; the same browser may open it
   * again until it is finished. RFC 9126 §4.
   */
  claimRequest(input: {
    hash: Buffer;
    clientId: string;
    browserHash: Buffer;
    lifetimeSeconds: number;
  }): Promise<ClaimOutcome>;
  /** Finishes the request with consent: grant and code appear in the same step, or not at all. */
  issueCode(input: {
    requestHash: Buffer;
    clientId: string;
    browserHash: Buffer;
    codeHash: Buffer;
    codeLifetimeSeconds: number;
    grant: NewGrant;
  }): Promise<{ kind: 'issued'; request: AuthorizationRequest } | { kind: 'unknown' }>;
  /**
   * Makes grant and code in one step without a request: the owner consented where he is signed in, and no browser is sent anywhere. The code
   * is redeemed like any other. PROTOCOL §2.3.
   */
  grantCode(input: {
    clientId: string;
    redirectUri: string;
    codeChallenge: string;
    codeHash: Buffer;
    codeLifetimeSeconds: number;
    grant: NewGrant;
  }): Promise<void>;
  /** Finishes the request without consent; leaves no grant. */
  refuseRequest(input: {
    requestHash: Buffer;
    clientId: string;
    browserHash: Buffer;
  }): Promise<{ kind: 'refused'; request: AuthorizationRequest } | { kind: 'unknown' }>;
}

// ---- tokens ----------------------------------------------------------------------------------------------------------

export interface StoredCode {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly codeChallenge: string | null;
  readonly jkt: string | null;
  readonly grant: StoredGrant;
  /** Neither used, spoiled nor past its time, and its grant alive: as far as can be known before it is redeemed. */
  readonly isOpen: boolean;
}

/** What a live relationship grants. */
export interface StoredGrant {
  readonly id: string;
  readonly clientId: string;
  readonly subject: string;
  readonly bucket: number;
  readonly scope: ScopeSet;
  readonly transferScope: ScopeSet | null;
  readonly jkt: string | null;
  /** The extension that answers for it; null: the kernel. */
  readonly answeredBy: string | null;
}

export interface NewToken {
  readonly hash: Buffer;
  readonly kind: 'ct' | 'lt' | 'rt';
  readonly lifetimeSeconds: number;
}

export interface StoredToken {
  readonly kind: 'ct' | 'lt' | 'rt' | 'at';
  readonly grant: StoredGrant;
  readonly scope: ScopeSet;
  /** Epoch seconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly jkt: string | null;
  readonly audience: string | null;
  readonly act: { readonly iss: string; readonly sub: string } | null;
  /** What the AM called the actor at the last mint under this transfer grant; nobody has verified it. */
  readonly actorName: string | null;
  /** A refresh token that another took the place of: whoever shows it may have stolen it, or have been stolen from. */
  readonly isReplaced: boolean;
}

export interface TokenStorage {
  /** A code that exists, used or not; whether it may be redeemed is decided by `redeemCode`. */
  readCode(key: TokenKey): Promise<StoredCode | null>;
  /**
   * Marks the code used and inserts the tokens in one step. A second redemption ends the grant and with it every token of the first
   * (RFC 6749 §4.1.2). `tokens` are capped at the grant's own end. A grant without a key gets that of `jkt`. A refresh token of a grant that an
   * extension answers for is the first of its generations.
   */
  redeemCode(input: {
    code: TokenKey;
    clientId: string;
    jkt: string | null;
    tokens: readonly NewToken[];
    guards: readonly ReplayGuard[];
  }): Promise<
    | { kind: 'redeemed'; grant: StoredGrant; expiresAt: readonly number[] }
    | { kind: 'unknown' }
    | { kind: 'reused'; grantId: string }
    | Replayed
  >;
  /** Makes a code unusable: after a wrong verifier it may be in the wrong hands. */
  spoilCode(key: TokenKey): Promise<void>;
  /** A token that is alive: not expired, not revoked, its grant (and transfer grant) neither ended nor past its time. */
  findToken(key: TokenKey): Promise<StoredToken | null>;
  /**
   * Inserts an access token under a live refresh token of this client and moves the refresh token's idle limit. Not rotated: PROTOCOL §1. For
   * the kernel's own relationships only.
   */
  refresh(input: {
    refreshToken: TokenKey;
    clientId: string;
    idleSeconds: number;
    accessToken: NewToken;
    guards: readonly ReplayGuard[];
  }): Promise<{ kind: 'refreshed'; grant: StoredGrant; expiresAt: number } | { kind: 'unknown' } | Replayed>;
  /**
   * Uses a refresh token of a grant that an extension answers for, and moves its idle limit. A grant without a key gets that of `jkt`; one that
   * has another is unknown. Given a successor, that takes its place: for `LIFETIME.rotationGrace`, and until a successor of its successor is used, the
   * old one answers too (an answer may be lost, or several be asked for at once, of which one is faster by two). After that it ends the grant, and so
   * does at once a successor in whose place another was used: of two that hold it, one is a thief (RFC 9700 §4.14.2). It is known for
   * `LIFETIME.replacedRefreshToken`.
   */
  renew(input: {
    refreshToken: TokenKey;
    clientId: string;
    jkt: string | null;
    idleSeconds: number;
    successorHash: Buffer | null;
    guards: readonly ReplayGuard[];
  }): Promise<
    { kind: 'renewed'; grant: StoredGrant } | { kind: 'replaced'; grantId: string } | { kind: 'unknown' } | Replayed
  >;
  /** Revokes one access token of this client, or, for a refresh token, its whole grant (RFC 7009 §2.1). Says which grant ended. */
  revokeToken(input: {
    key: TokenKey;
    clientId: string;
    guards: readonly ReplayGuard[];
  }): Promise<{ kind: 'revoked'; endedGrant: { id: string; subject: string } | null } | { kind: 'unknown' } | Replayed>;
  /** Ends a relationship at once, on every replica; `false` if it was not alive. */
  endGrant(input: { id: string; by: 'owner' | 'client' | 'server' }): Promise<boolean>;
}

// ---- transfers, at a Host --------------------------------------------------------------------------------------------

export interface NewTransferToken {
  readonly hash: Buffer;
  readonly lifetimeSeconds: number;
  readonly scope: ScopeSet;
  readonly audience: string;
  readonly jkt: string | null;
  readonly act: { readonly iss: string; readonly sub: string };
  readonly actorName: string | null;
  readonly actorUri: string | null;
}

export interface TransferStorage {
  /**
   * Mints a Host access token: link token and its grant alive and of this client, ceiling covers the scope, the transfer grant not
   * ended; the transfer grant's row is made at its first mint. PROTOCOL §3.4.
   */
  mintTransfer(input: {
    linkToken: TokenKey;
    clientId: string;
    transferGrantId: string;
    token: NewTransferToken;
    guards: readonly ReplayGuard[];
  }): Promise<
    | { kind: 'minted'; grant: StoredGrant; expiresAt: number }
    | { kind: 'unknown' }
    | { kind: 'over_ceiling' }
    | { kind: 'ended' }
    | Replayed
  >;
  /**
   * Ends a transfer grant of this client, known or not yet known: its tokens die and nothing is minted under it again. PROTOCOL §7.
   * The tombstone of an unknown one is kept for longer than any mint in flight could take.
   */
  endTransferGrant(input: {
    clientId: string;
    transferGrantId: string;
    guards: readonly ReplayGuard[];
  }): Promise<{ kind: 'ended' } | Replayed>;
}
