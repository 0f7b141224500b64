/**
 * What a service does when an account is deleted. Each part is repeated until it succeeds, because a process may end in
 * the middle.
 */
export interface Erasing {
  /**
   * Ends everything that acts for the account, and notifies those who must know. If it fails, the account stays as it
   * is.
   */
  end(accountId: string): Promise<void>;
  /** Deletes a limited amount of what is stored, except what is needed to notify those who do not know yet. */
  erase(accountId: string): Promise<Erasure>;
}

/** `waiting`: for those who must still be notified, by name; if there are none, there is more to delete. */
export type Erasure = { readonly kind: 'done' } | { readonly kind: 'waiting'; readonly for: readonly string[] };
