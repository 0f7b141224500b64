/** What is preselected on the consent page for a new app. */
export interface Defaults {
  /** For scopes that read. */
  readonly reading: Beginning;
  /** For scopes that write. */
  readonly writing: Beginning;
  /** The most that either of them preselects at a service that no app uses yet. */
  readonly newServices: Beginning;
}

/** `no`: not given. */
export type Beginning = 'no' | 'ask' | 'allow';

/** Strictest first. */
export const BEGINNINGS: readonly Beginning[] = ['no', 'ask', 'allow'];

/** The defaults of an owner who has never chosen any. */
export const UNCHOSEN: Defaults = { reading: 'ask', writing: 'no', newServices: 'allow' };

/** The stricter of the two. */
export const stricterOf = (one: Beginning, other: Beginning): Beginning =>
  BEGINNINGS.indexOf(one) < BEGINNINGS.indexOf(other) ? one : other;
