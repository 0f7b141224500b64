import { createHash, timingSafeEqual } from 'node:crypto';

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}

/** base64url(SHA-256(text)), 43 characters: `ath`, `code_challenge`, thumbprints. */
export function sha256base64url(text: string): string {
  return sha256(text).toString('base64url');
}

/** The part of `<AM>/clients/<tag>` that names a Host: 22 characters, a pure function of its issuer. PROTOCOL §2.2. */
export function hostTag(issuer: string): string {
  return sha256base64url(issuer).slice(0, 22);
}

/** Equality whose time tells nothing about where two texts differ, nor about their lengths. */
export function constantTimeEqual(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b)) && a === b;
}
