import type { ScopeSet } from '@chatelaine/protocol';
import type { ReplayGuard, Replayed, TokenKey } from './replay.ts';

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
  /** The client authenticated when it asked for it, or first used it. */
  readonly isAuthenticated: boolean;
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
  /**
   * A refresh token that another took the place of, and that answers no longer: whoever shows it may have stolen it, or
   * have been stolen from.
   */
  readonly isReplaced: boolean;
  /** Of a refresh token that may be replaced: the how manieth of its grant, from 1. */
  readonly generation: number | null;
  /** When this was looked up, by the storage's clock; epoch seconds. */
  readonly readAt: number;
}

/** A refresh token that takes the place of another. */
export interface NewSuccessor {
  readonly hash: Buffer;
  /** Of the key that it was derived with. */
  readonly keyId: number;
  /** For how long the one before it still answers. */
  readonly graceSeconds: number;
}

/** A refresh token that was replaced in its turn, and the key that its own successor was derived with. */
export interface Descendant {
  readonly hash: Buffer;
  readonly keyId: number;
}

/** A DPoP proof that was checked but for its replay: RFC 9449 §11.1. */
export interface Proof {
  readonly jkt: string;
  readonly jti: string;
  /** Epoch seconds. */
  readonly iat: number;
  /** Epoch seconds after which it would be refused anyway. */
  readonly expiresAt: number;
}

export interface UsedToken {
  readonly token: StoredToken | null;
  /**
   * `untouched`: there is no such token, or not for this audience and this key. `forgotten`: it is too old to say
   * whether it was spent; one made a few seconds later is not.
   */
  readonly proof: 'spent' | 'replayed' | 'forgotten' | 'untouched';
}

export interface TokenStorage {
  /** A code that exists, used or not; whether it may be redeemed is decided by `redeemCode`. */
  readCode(key: TokenKey): Promise<StoredCode | null>;
  /**
   * Marks the code used and inserts the tokens in one step. A second redemption ends the grant and with it every token
   * of the first (RFC 6749 §4.1.2). `tokens` are capped at the grant's own end. A grant without a key gets that of
   * `jkt`. A refresh token of a grant that an extension answers for is the first of its generations. `isAuthenticated`:
   * the client is, now; the grant remembers it.
   */
  redeemCode(input: {
    code: TokenKey;
    clientId: string;
    isAuthenticated: boolean;
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
  invalidateCode(key: TokenKey): Promise<void>;
  /**
   * A token that is alive: not expired, not revoked, its grant (and transfer grant) neither ended nor past its time.
   */
  findToken(key: TokenKey): Promise<StoredToken | null>;
  /**
   * For a call of an API: the token as {@link findToken} gives it and, where it is for this audience and bound to the
   * key of the proof, the proof spent in the same step. One proof is spent once, over all replicas, a crash and a
   * failover included; but remembering it need not be durable: what may have been forgotten is not taken. ADR 0023.
   */
  useToken(input: { token: TokenKey; audience: string; proof: Proof }): Promise<UsedToken>;
  /**
   * Inserts an access token under a live refresh token of this client and moves the refresh token's idle limit. Not
   * rotated: PROTOCOL §1. For the kernel's own relationships only.
   */
  refresh(input: {
    refreshToken: TokenKey;
    clientId: string;
    idleSeconds: number;
    accessToken: NewToken;
    guards: readonly ReplayGuard[];
  }): Promise<{ kind: 'refreshed'; grant: StoredGrant; expiresAt: number } | { kind: 'unknown' } | Replayed>;
  /**
   * Uses a refresh token of a grant that an extension answers for, and moves its idle limit. A grant without a key gets
   * that of `jkt`; one that has another is unknown. Given a successor, that takes its place, once: whoever shows the
   * token again until `graceSeconds` after that is told with which key its successor was derived, and what has come of
   * that since (an answer may be lost, or several sessions share a token). After that it ends the grant: of two that
   * hold it one may be a thief (RFC 9700 §4.14.2). It is known for `LIFETIME.replacedRefreshToken`.
   */
  renew(input: {
    refreshToken: TokenKey;
    clientId: string;
    jkt: string | null;
    idleSeconds: number;
    /** {@link StoredToken.readAt} of when it was shown: what takes long in between makes nobody late. */
    shownAt: number;
    successor: NewSuccessor | null;
    guards: readonly ReplayGuard[];
  }): Promise<
    | { kind: 'renewed'; grant: StoredGrant }
    | { kind: 'again'; grant: StoredGrant; keyId: number; descendants: readonly Descendant[] }
    | { kind: 'replaced'; grantId: string }
    | { kind: 'unknown' }
    | Replayed
  >;
  /**
   * Revokes one access token of this client, or, for a refresh token, its whole grant (RFC 7009 §2.1). Says which grant
   * ended.
   */
  revokeToken(input: {
    key: TokenKey;
    clientId: string;
    guards: readonly ReplayGuard[];
  }): Promise<{ kind: 'revoked'; endedGrant: { id: string; subject: string } | null } | { kind: 'unknown' } | Replayed>;
  /** Ends a relationship at once, on every replica; `false` if it was not alive. */
  endGrant(input: { id: string; by: 'owner' | 'client' | 'server' }): Promise<boolean>;
}
