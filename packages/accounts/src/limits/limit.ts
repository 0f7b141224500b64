import { sha256base64url } from '@chatelaine/crypto';
import { createRateCounter, type Pool } from '@chatelaine/postgres';
import { Problem } from '@chatelaine/ui';

/** The number of tries allowed within a number of seconds. */
export interface Limit {
  tries: number;
  seconds: number;
}

/**
 * Counts tries in table `rate_limit`, so for all replicas together and across restarts. A key may have several parts.
 */
export interface Counter {
  /** Counts one try. Throws Problem 429 if there have been too many. */
  count(...key: string[]): Promise<void>;
  /** Takes one try back. */
  takeBack(...key: string[]): Promise<void>;
  /** Sets the count back to zero. */
  reset(...key: string[]): Promise<void>;
}

/** `name` distinguishes this limit from others in the table. */
export function createLimit(pool: Pool, name: string, { tries, seconds }: Limit): Counter {
  const counter = createRateCounter(pool, { table: 'rate_limit', name, points: tries, perSeconds: seconds });
  return {
    async count(...key) {
      const waitMs = await counter.count(keyOf(key));
      if (waitMs !== null) throw tooManyTries(waitMs);
    },
    takeBack: (...key) => counter.takeBack(keyOf(key)),
    reset: (...key) => counter.reset(keyOf(key)),
  };
}

function tooManyTries(waitMs: number): Problem {
  const minutes = Math.max(1, Math.ceil(waitMs / 60_000));
  const wait = minutes === 1 ? 'a minute' : `${minutes} minutes`;
  return new Problem(429, `There were too many tries. Wait ${wait}, then try again.`, { retryAfter: waitMs / 1_000 });
}

/** A hash, so that usernames of any length fit and the table does not show who tried to sign in. */
function keyOf(parts: readonly string[]): string {
  return sha256base64url(parts.join('\0'));
}
