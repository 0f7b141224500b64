import { tooManyRequests } from '@chatelaine/protocol';
import type { Pool } from 'pg';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';

/** How often something may happen per key; counted in Postgres, so for all replicas together and over restarts. */
export interface Limit {
  readonly name: string;
  readonly points: number;
  readonly perSeconds: number;
}

export interface RateLimits {
  /** Counts one, or so many; throws 429 with `Retry-After` when that is too many. */
  consume(limit: Limit, key: string, points?: number): Promise<void>;
  /** Throws 429 when this process already knows the key to be over its limit; costs no query. */
  check(limit: Limit, key: string): void;
}

/** Limits on table `oauth_rate_limit`. A key found over its limit is refused from memory until its time is up. */
export function createRateLimits(pool: Pool): RateLimits {
  const limiters = new Map<string, RateLimiterPostgres>();
  const blocked = new Map<string, number>();
  const limiterFor = (limit: Limit): RateLimiterPostgres => {
    const known = limiters.get(limit.name);
    if (known !== undefined) return known;
    const options = {
      storeClient: pool,
      storeType: 'pool',
      tableName: 'oauth_rate_limit',
      tableCreated: true,
      clearExpiredByTimeout: false,
    };
    const made = new RateLimiterPostgres({
      ...options,
      keyPrefix: limit.name,
      points: limit.points,
      duration: limit.perSeconds,
    });
    limiters.set(limit.name, made);
    return made;
  };
  return {
    async consume(limit, key, points = 1) {
      try {
        await limiterFor(limit).consume(key, points);
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        if (blocked.size > 10_000) blocked.clear();
        blocked.set(`${limit.name}:${key}`, performance.now() + refused.msBeforeNext);
        throw tooManyRequests(Math.ceil(refused.msBeforeNext / 1000));
      }
    },
    check(limit, key) {
      const until = blocked.get(`${limit.name}:${key}`);
      if (until === undefined) return;
      const left = until - performance.now();
      if (left <= 0) blocked.delete(`${limit.name}:${key}`);
      else throw tooManyRequests(Math.ceil(left / 1000));
    },
  };
}
