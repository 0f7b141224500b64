import { createHash } from 'node:crypto';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Pool } from '@chatelaine/postgres';
import { Problem } from '../server/problem.ts';

/** So many tries in so many seconds. */
export interface Limit {
  tries: number;
  seconds: number;
}

/** Counts tries in table `rate_limit`: shared by all replicas, and a restart forgets nothing. A key may have several parts. */
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
  const limiter = new RateLimiterPostgres({
    storeClient: pool,
    storeType: 'pool',
    tableName: 'rate_limit',
    tableCreated: true,
    clearExpiredByTimeout: false,
    keyPrefix: name,
    points: tries,
    duration: seconds,
  });
  return {
    count: (...key) => consume(limiter, keyOf(key)),
    takeBack: async (...key) => void (await limiter.reward(keyOf(key))),
    reset: async (...key) => void (await limiter.delete(keyOf(key))),
  };
}

async function consume(limiter: RateLimiterPostgres, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    const minutes = Math.max(1, Math.ceil(refused.msBeforeNext / 60_000));
    const wait = minutes === 1 ? 'a minute' : `${minutes} minutes`;
    throw new Problem(429, `There were too many tries. Wait ${wait}, then try again.`, {
      retryAfter: refused.msBeforeNext / 1_000,
    });
  }
}

/** Hashed: a username of any length fits, and the table tells nobody who tried to sign in. */
function keyOf(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('base64url');
}
