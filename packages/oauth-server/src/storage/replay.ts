/**
 * Something that may be used once: a DPoP proof's `jti` (RFC 9449 §11.1), an assertion's (RFC 7523 §3), a statement's
 * (PROTOCOL §3.3, §3.6). Passed into the step that the request performs, and burned by it in the same statement.
 */
export interface ReplayGuard {
  readonly kind: 'dpop' | 'assertion' | 'statement' | 'requester_statement';
  /** Whose `jti`: a key thumbprint or a client id. */
  readonly key: string;
  readonly jti: string;
  /**
   * Epoch seconds after which the proof would be refused anyway. By the storage's clock it is then not taken, whatever
   * the process's says: it may be forgotten.
   */
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
