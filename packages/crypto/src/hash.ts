import { hash, timingSafeEqual } from 'node:crypto';

export function sha256(given: string | Uint8Array): Buffer {
  // in one call, because a `Hash` object costs more than hashing a short text
  return hash('sha256', given, 'buffer');
}

/**
 * base64url(SHA-256(…)) of octets, or of a text in UTF-8: 43 characters, as in `ath`, `code_challenge` and thumbprints.
 */
export function sha256base64url(given: string | Uint8Array): string {
  return hash('sha256', given, 'base64url');
}

/** The tag of a Host in `<AM>/clients/<tag>`: 22 characters, a pure function of its issuer. PROTOCOL §2.2. */
export function hostTag(issuer: string): string {
  return sha256base64url(issuer).slice(0, 22);
}

/** Whether two texts are equal, in a time that does not depend on where they differ or how long they are. */
export function constantTimeEqual(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b)) && a === b;
}
