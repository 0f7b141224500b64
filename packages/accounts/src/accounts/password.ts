import { argon2id, hash, verify } from 'argon2';
import pLimit from 'p-limit';
import { Problem } from '@chatelaine/ui';

const PASSWORD_MIN = 10;
const PASSWORD_MAX = 200;
export const PASSWORD_RULE = `At least ${PASSWORD_MIN} characters. A few words are fine.`;

export interface PasswordOptions {
  /** How many are hashed at once; the rest waits. Default 2. */
  parallel?: number;
  /** How many may wait; one more is a 429. Default 30. */
  queue?: number;
  /** Memory that one hash takes, in KiB; `OWASP` unless a test has better things to do with its time. */
  memoryCost?: number;
}

/** OWASP Password Storage: argon2id, 19 MiB, two passes, one lane. */
const OWASP = { type: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Hashing and checking passwords, off the main loop and never so many at once that other requests suffer. */
export interface Passwords {
  hash(password: string): Promise<string>;
  /** With null for the hash (no such account) it is false and takes the same time. */
  check(password: string, passwordHash: string | null): Promise<boolean>;
}

/** @throws Problem 429 from both when too many are waiting already. */
export async function createPasswords({
  parallel = 2,
  queue = 30,
  memoryCost = OWASP.memoryCost,
}: PasswordOptions = {}): Promise<Passwords> {
  const cost = { ...OWASP, memoryCost };
  const limit = pLimit(parallel);
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (limit.pendingCount >= queue)
      throw new Problem(429, 'Too many people are signing in at this moment. Try again in a few seconds.', {
        retryAfter: 3,
      });
    return limit(work);
  };
  const nobody = await hash('a password nobody has', cost);
  return {
    hash: (password) => inTurn(() => hash(password.normalize('NFKC'), cost)),
    check: (password, passwordHash) =>
      inTurn(async () => {
        const right = await verify(passwordHash ?? nobody, password.normalize('NFKC'));
        return right && passwordHash !== null;
      }),
  };
}

/** What is wrong with a new password, as a sentence; null when nothing is. */
export function passwordProblem(password: string, username: string): string | null {
  if (password.length < PASSWORD_MIN) return `The password needs at least ${PASSWORD_MIN} characters.`;
  if (password.length > PASSWORD_MAX) return `The password may have ${PASSWORD_MAX} characters at most.`;
  if (password.toLowerCase() === username) return 'The password must not be the username.';
  return null;
}
