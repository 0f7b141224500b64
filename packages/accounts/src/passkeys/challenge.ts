import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { sha256 } from '@chatelaine/crypto';

/** What a signature is asked for: one that was given for one of these is good for no other. */
export type ChallengePurpose = 'sign-in' | 'sign-up' | 'confirm' | 'add';

/** What a challenge is tied to. */
export interface ChallengeOf {
  readonly purpose: ChallengePurpose;
  /** The browser or the session that was shown it. */
  readonly binding: string;
  /** Whom the passkey is to be of, base64url; when one is made. */
  readonly userId?: string;
}

/**
 * Makes and checks WebAuthn challenges without a row for each visitor: what they are tied to is in their MAC. Used up
 * is another matter: see the store.
 */
export interface Challenges {
  /** base64url. */
  make(of: ChallengeOf): string;
  /** Whether this is one of ours for exactly that, and not too old. */
  check(challenge: string, of: ChallengeOf): boolean;
}

/** A page may stay open for a while before anybody signs in there. */
export const CHALLENGE_SECONDS = 3_600;
const NONCE_BYTES = 16;
const TIME_BYTES = 6;
const BYTES = NONCE_BYTES + TIME_BYTES + 32;

/** @param now epoch seconds */
export function createChallenges(key: string, now: () => number = () => Date.now() / 1000): Challenges {
  const macOf = (head: Buffer, { purpose, binding, userId = '' }: ChallengeOf): Buffer =>
    createHmac('sha256', key)
      .update('passkey challenge\0')
      .update(head)
      .update([purpose, binding, userId].join('\0'))
      .digest();
  return {
    make(of) {
      const until = Buffer.alloc(TIME_BYTES);
      until.writeUIntBE(Math.floor(now()) + CHALLENGE_SECONDS, 0, TIME_BYTES);
      const head = Buffer.concat([randomBytes(NONCE_BYTES), until]);
      return Buffer.concat([head, macOf(head, of)]).toString('base64url');
    },
    check(challenge, of) {
      const bytes = Buffer.from(challenge, 'base64url');
      if (bytes.length !== BYTES) return false;
      const head = bytes.subarray(0, NONCE_BYTES + TIME_BYTES);
      return (
        timingSafeEqual(bytes.subarray(head.length), macOf(head, of)) &&
        now() <= head.readUIntBE(NONCE_BYTES, TIME_BYTES)
      );
    },
  };
}

/** What is kept of a challenge that was used. */
export const challengeHash = (challenge: string): Buffer => sha256(challenge);
