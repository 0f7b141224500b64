import { argon2id, hash, verify } from 'argon2';
import pLimit from 'p-limit';
import { Problem } from '@chatelaine/ui';

const PASSWORD_MIN = 10;
const PASSWORD_MAX = 200;
export const PASSWORD_RULE = `At least ${PASSWORD_MIN} characters. A few words are fine.`;

export interface PasswordOptions {
  /** How many are hashed at once while the rest wait; 2 by default. */
  parallel?: number;
  /** How many may wait, beyond which the answer is 429; 30 by default. */
  queue?: number;
  /** Memory of one hash in KiB; that of {@link OWASP} by default, less in tests that are not about passwords. */
  memoryCost?: number;
}

/** OWASP Password Storage: argon2id, 19 MiB, two passes, one lane. */
const OWASP = { type: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Hashes and checks passwords in other threads, and so few at once that other requests do not suffer. */
export interface Passwords {
  hash(password: string): Promise<string>;
  /** If the hash is null (there is no such account) the result is false, after the same time. */
  check(password: string, passwordHash: string | null): Promise<boolean>;
}

/** @throws Problem 429, from both methods, when too many are waiting */
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

/** What is wrong with a new password, in a sentence; null if it is acceptable. */
export function passwordProblem(password: string, username: string): string | null {
  if (password.length < PASSWORD_MIN) return `The password needs at least ${PASSWORD_MIN} characters.`;
  if (password.length > PASSWORD_MAX) return `The password may have ${PASSWORD_MAX} characters at most.`;
  if (password.toLowerCase() === username) return 'The password must not be the username.';
  return null;
}
