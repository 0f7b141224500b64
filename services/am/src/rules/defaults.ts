/** What is preselected on the page on which an owner agrees to a new app. */
export interface Defaults {
  /** For what it wants to read. */
  readonly reading: Beginning;
  /** For what it wants to change. */
  readonly writing: Beginning;
  /** The most of both at a service that no app uses yet. */
  readonly newServices: Beginning;
}

/** `no`: it is not given. */
export type Beginning = 'no' | 'ask' | 'allow';

/** Strictest first. */
export const BEGINNINGS: readonly Beginning[] = ['no', 'ask', 'allow'];

/** The defaults of an owner who never chose. */
export const UNCHOSEN: Defaults = { reading: 'ask', writing: 'no', newServices: 'allow' };

/** The stricter of two. */
export const stricterOf = (one: Beginning, other: Beginning): Beginning =>
  BEGINNINGS.indexOf(one) < BEGINNINGS.indexOf(other) ? one : other;
