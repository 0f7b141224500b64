import type { TermsReference } from '@chatelaine/protocol';

/** Which terms of owners the app signs, as decided by whoever is responsible for the app. PROTOCOL §10. */
export interface TermsPolicy {
  /** Signed if an owner proffers one of them: URL and digest of documents that somebody has read. */
  readonly accepts: readonly TermsReference[];
  /** Declined, if everything that is proffered is among them. */
  readonly declines?: readonly TermsReference[];
  /** Called for an offer that neither list decides; then nothing is signed. */
  readonly undecided?: (offer: UndecidedTerms) => void;
}

/** An offer that a person has to decide on. */
export interface UndecidedTerms {
  /** The AM's issuer. */
  readonly am: string;
  /** The preferred first. */
  readonly terms: readonly TermsReference[];
  /**
   * `unlisted`: neither list has them. `changed`: the app accepts one of them, but the document served there has
   * another digest.
   */
  readonly reason: 'unlisted' | 'changed';
}
