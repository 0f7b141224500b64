import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { sha256 } from '@chatelaine/crypto';

/** What a signature is requested for. It is not accepted for anything else. */
export type ChallengePurpose = 'sign-in' | 'sign-up' | 'confirm' | 'add';

/** What a challenge is bound to. */
export interface ChallengeOf {
  readonly purpose: ChallengePurpose;
  /** The browser or session to which it was shown. */
  readonly binding: string;
  /** When a passkey is made: the user handle that it is made for, base64url. */
  readonly userId?: string;
}

/**
 * Makes and checks WebAuthn challenges without storing them: a MAC covers what they are bound to. That each is used
 * once only is for the store to check.
 */
export interface Challenges {
  /** A new challenge, base64url. */
  make(of: ChallengeOf): string;
  /** Whether the challenge is ours, bound to exactly this, and not too old. */
  check(challenge: string, of: ChallengeOf): boolean;
}

/** Seconds for which a challenge is accepted: a page may be open for a while before anybody signs in. */
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

/** What is stored of a used challenge. */
export const challengeHash = (challenge: string): Buffer => sha256(challenge);
