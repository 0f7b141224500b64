import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Pool } from './pool.ts';

export interface RateCounterOptions {
  /** A table with the columns of rate-limiter-flexible: `key`, `points`, `expire`. */
  readonly table: string;
  /** Distinguishes this counter from others in the same table. */
  readonly name: string;
  readonly points: number;
  readonly perSeconds: number;
}

/** Counts in a table, so for all replicas together and across restarts. */
export interface RateCounter {
  /** Null if the points were counted; otherwise the milliseconds until there is room again. */
  count(key: string, points?: number): Promise<number | null>;
  /** Gives one point back. */
  takeBack(key: string): Promise<void>;
  /** Sets the count of a key back to zero. */
  reset(key: string): Promise<void>;
}

export function createRateCounter(pool: Pool, { table, name, points, perSeconds }: RateCounterOptions): RateCounter {
  const limiter = new RateLimiterPostgres({
    storeClient: pool,
    storeType: 'pool',
    tableName: table,
    tableCreated: true,
    clearExpiredByTimeout: false,
    keyPrefix: name,
    points,
    duration: perSeconds,
  });
  return {
    async count(key, wanted = 1) {
      try {
        await limiter.consume(key, wanted);
        return null;
      } catch (refused) {
        if (refused instanceof RateLimiterRes) return refused.msBeforeNext;
        throw refused;
      }
    },
    takeBack: async (key) => void (await limiter.reward(key)),
    reset: async (key) => void (await limiter.delete(key)),
  };
}
