/**
 * What a service does when an account is deleted. Each part is done again until it is done: a process may die in
 * between.
 */
export interface Erasing {
  /** Ends all that acts for the account, and tells whoever must know. While it fails the account stays as it is. */
  end(accountId: string): Promise<void>;
  /** Deletes what is kept, some of it at a time, but for what is needed to tell whoever does not know yet. */
  erase(accountId: string): Promise<Erasure>;
}

/** `waiting`: for these, by their names; without any there is more to delete. */
export type Erasure = { readonly kind: 'done' } | { readonly kind: 'waiting'; readonly for: readonly string[] };
