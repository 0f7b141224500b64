import type { TermsReference } from '@chatelaine/protocol';

/** Which terms of owners the app signs, as whoever answers for the app has decided. PROTOCOL §10. */
export interface TermsPolicy {
  /** Signed when an owner proffers one of them: address and digest of documents that somebody has read. */
  readonly accepts: readonly TermsReference[];
  /** Declined, where all that is proffered is among them. */
  readonly declines?: readonly TermsReference[];
  /** Told of an offer that neither list decides; nothing is signed then. */
  readonly undecided?: (offer: UndecidedTerms) => void;
}

/** An offer that somebody has to decide on. */
export interface UndecidedTerms {
  /** The AM's issuer. */
  readonly am: string;
  /** The preferred first. */
  readonly terms: readonly TermsReference[];
  /**
   * `unlisted`: neither list has them. `changed`: one that the app accepts, but what is served there has another
   * digest.
   */
  readonly reason: 'unlisted' | 'changed';
}
