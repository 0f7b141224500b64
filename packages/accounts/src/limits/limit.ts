import { sha256base64url } from '@chatelaine/crypto';
import { createRateCounter, type Pool } from '@chatelaine/postgres';
import { Problem } from '@chatelaine/ui';

/** So many tries in so many seconds. */
export interface Limit {
  tries: number;
  seconds: number;
}

/**
 * Counts tries in table `rate_limit`: shared by all replicas, and a restart forgets nothing. A key may have several
 * parts.
 */
export interface Counter {
  /** Counts one try. Throws Problem 429 when there were too many. */
  count(...key: string[]): Promise<void>;
  /** Takes one try back. */
  takeBack(...key: string[]): Promise<void>;
  /** Starts anew. */
  reset(...key: string[]): Promise<void>;
}

/** `name` tells this limit from the others in the table. */
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

/** Hashed: a username of any length fits, and the table tells nobody who tried to sign in. */
function keyOf(parts: readonly string[]): string {
  return sha256base64url(parts.join('\0'));
}
