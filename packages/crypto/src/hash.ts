import { createHash, timingSafeEqual } from 'node:crypto';

export function sha256(given: string | Uint8Array): Buffer {
  return createHash('sha256').update(given).digest();
}

/** base64url(SHA-256(…)), 43 characters, of octets or of a text in UTF-8: `ath`, `code_challenge`, thumbprints. */
export function sha256base64url(given: string | Uint8Array): string {
  return sha256(given).toString('base64url');
}

/** The part of `<AM>/clients/<tag>` that names a Host: 22 characters, a pure function of its issuer. PROTOCOL §2.2. */
export function hostTag(issuer: string): string {
  return sha256base64url(issuer).slice(0, 22);
}

/** Equality whose time tells nothing about where two texts differ, nor about their lengths. */
export function constantTimeEqual(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b)) && a === b;
}
