import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Pool } from './pool.ts';

export interface RateCounterOptions {
  /** `key`, `points`, `expire`, as rate-limiter-flexible has them. */
  readonly table: string;
  /** Tells this counter from others in the table. */
  readonly name: string;
  readonly points: number;
  readonly perSeconds: number;
}

/** Counts in a table: for all replicas together, and a restart forgets nothing. */
export interface RateCounter {
  /** Null when it was counted; otherwise in how many milliseconds there is room again. */
  count(key: string, points?: number): Promise<number | null>;
  /** Takes one back. */
  takeBack(key: string): Promise<void>;
  /** Starts anew. */
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
