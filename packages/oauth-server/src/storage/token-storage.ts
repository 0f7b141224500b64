import type { ScopeSet } from '@chatelaine/protocol';
import type { ReplayGuard, Replayed, TokenKey } from './replay.ts';

export interface StoredCode {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly codeChallenge: string | null;
  readonly jkt: string | null;
  readonly grant: StoredGrant;
  /** Neither used, invalidated nor expired, and its grant alive: as far as can be known before it is redeemed. */
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
  /** The extension that answers for the grant; null: the kernel. */
  readonly answeredBy: string | null;
  /** Whether the client authenticated when it requested the grant or first used it. */
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
  /** The actor's name as the AM gave it at the last mint under this transfer grant; nobody has verified it. */
  readonly actorName: string | null;
  /**
   * A refresh token that was replaced and is no longer accepted: whoever shows it may have stolen it, or been stolen
   * from.
   */
  readonly isReplaced: boolean;
  /** Of a refresh token that may be rotated: its number within its grant, from 1. */
  readonly generation: number | null;
  /** When this was read, by the storage's clock; epoch seconds. */
  readonly readAt: number;
}

/** A refresh token that replaces another. */
export interface NewSuccessor {
  readonly hash: Buffer;
  /** The number of the key it was derived with. */
  readonly keyId: number;
  /** Seconds for which its predecessor is still accepted. */
  readonly graceSeconds: number;
}

/** A refresh token that was itself replaced, and the key that its successor was derived with. */
export interface Descendant {
  readonly hash: Buffer;
  readonly keyId: number;
}

/** A DPoP proof that was checked except for its replay: RFC 9449 §11.1. */
export interface Proof {
  readonly jkt: string;
  readonly jti: string;
  /** Epoch seconds. */
  readonly iat: number;
  /** Epoch seconds after which it is refused anyway. */
  readonly expiresAt: number;
}

export interface UsedToken {
  readonly token: StoredToken | null;
  /**
   * `untouched`: there is no such token, or not for this audience and key. `forgotten`: the proof is too old to say
   * whether it was spent; one made a few seconds later is not.
   */
  readonly proof: 'spent' | 'replayed' | 'forgotten' | 'untouched';
}

export interface TokenStorage {
  /** A code that exists, used or not; `redeemCode` decides whether it may be redeemed. */
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
  /** Invalidates a code: after a wrong verifier it may be in the wrong hands. */
  invalidateCode(key: TokenKey): Promise<void>;
  /**
   * A token that is alive: not expired, not revoked, its grant (and transfer grant) neither ended nor past its time.
   */
  findToken(key: TokenKey): Promise<StoredToken | null>;
  /**
   * For an API call: the token as {@link findToken} returns it and, if it is for this audience and bound to the key of
   * the proof, the proof spent in the same step. A proof is spent once, over all replicas, crashes and failovers. The
   * memory of it need not be durable, because what may have been forgotten is refused. ADR 0023.
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
   * that of `jkt`; one with another key is unknown. A given successor replaces the token, once. Whoever shows the token
   * again within `graceSeconds` is told which key the successor was derived with and what has become of it since: an
   * answer may have been lost, or several sessions may share a token. After that it ends the grant, because one of two
   * holders may be a thief (RFC 9700 §4.14.2). It is recognized for `LIFETIME.replacedRefreshToken`.
   */
  useRefreshToken(input: {
    refreshToken: TokenKey;
    clientId: string;
    jkt: string | null;
    idleSeconds: number;
    /** {@link StoredToken.readAt} from when it was shown, so that slow work in between makes nobody late. */
    shownAt: number;
    successor: NewSuccessor | null;
    guards: readonly ReplayGuard[];
  }): Promise<
    | { kind: 'used'; grant: StoredGrant }
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
