import { constantTimeEqual, sha256base64url } from './hash.ts';
import { type Random, systemRandom } from './random.ts';

// RFC 7636 §4.1: 43 to 128 unreserved characters
const VERIFIER = /^[A-Za-z0-9\-._~]{43,128}$/;
// RFC 7636 §4.2, S256 only: base64url of 32 bytes, whose last character has two bits that must be zero
const CHALLENGE = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** A fresh `code_verifier` with 256 random bits. RFC 7636 §4.1. */
export function createVerifier(random: Random = systemRandom): string {
  return Buffer.from(random(32)).toString('base64url');
}

/** The S256 `code_challenge` of a verifier. RFC 7636 §4.2. */
export function challengeOf(verifier: string): string {
  return sha256base64url(verifier);
}

export function isVerifier(value: string): boolean {
  return VERIFIER.test(value);
}

export function isChallenge(value: string): boolean {
  return CHALLENGE.test(value);
}

/**
 * Whether `verifier` is well-formed and belongs to `challenge`. False, never an error, for anything malformed. RFC 7636
 * §4.6.
 */
export function verifyPkce(verifier: string, challenge: string): boolean {
  return isVerifier(verifier) && isChallenge(challenge) && constantTimeEqual(challengeOf(verifier), challenge);
}
