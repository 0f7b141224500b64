/**
 * Something that may be used once: the `jti` of a DPoP proof (RFC 9449 §11.1), an assertion (RFC 7523 §3) or a
 * statement (PROTOCOL §3.3, §3.6). Passed into the step that the request performs, which spends it in the same
 * statement.
 */
export interface ReplayGuard {
  readonly kind: 'dpop' | 'assertion' | 'statement' | 'requester_statement';
  /** Whose `jti`: a key thumbprint or a client id. */
  readonly key: string;
  readonly jti: string;
  /**
   * Epoch seconds after which the proof is refused anyway. Compared with the storage's clock, whatever the process's
   * clock says: from then on it may be forgotten.
   */
  readonly expiresAt: number;
}

/** All guards were fresh, or the first that was not. Fresh ones are spent either way. */
export type BurnOutcome = { readonly kind: 'burned' } | Replayed;
export interface Replayed {
  readonly kind: 'replayed';
  readonly guard: ReplayGuard['kind'];
}

/** Identifies a row of a hot table. */
export interface TokenKey {
  readonly bucket: number;
  readonly hash: Buffer;
}
