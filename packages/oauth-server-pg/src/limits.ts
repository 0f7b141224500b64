import { tooManyRequests } from '@chatelaine/protocol';
import { LRUCache } from 'lru-cache';
import { createRateCounter, type Pool, type RateCounter } from '@chatelaine/postgres';

/**
 * How many points may be used per key and window. They are counted in Postgres, so for all replicas together and across
 * restarts.
 */
export interface Limit {
  readonly name: string;
  readonly points: number;
  readonly perSeconds: number;
}

export interface RateLimits {
  /** Counts `points` (1 by default); throws 429 with `Retry-After` if that exceeds the limit. */
  consume(limit: Limit, key: string, points?: number): Promise<void>;
  /** Throws 429 if this process already knows that the key is over its limit. Sends no query. */
  check(limit: Limit, key: string): void;
}

/** Memory for all keys that are over a limit; bounded, because any stranger can add one. */
const BLOCKED_BYTES = 2_097_152;
const ENTRY_BYTES = 256;

/**
 * Limits counted in table `oauth_rate_limit`. A key that is over its limit is refused from memory until its window
 * ends.
 */
export function createRateLimits(pool: Pool): RateLimits {
  const counters = new Map<string, RateCounter>();
  const blocked = new LRUCache<string, number>({
    maxSize: BLOCKED_BYTES,
    sizeCalculation: (_until, key) => 2 * key.length + ENTRY_BYTES,
    ttlAutopurge: true,
  });
  const counterOf = ({ name, points, perSeconds }: Limit): RateCounter => {
    const counter =
      counters.get(name) ?? createRateCounter(pool, { table: 'oauth_rate_limit', name, points, perSeconds });
    counters.set(name, counter);
    return counter;
  };
  return {
    async consume(limit, key, points = 1) {
      const waitMs = await counterOf(limit).count(key, points);
      if (waitMs === null) return;
      const ttl = Math.max(1, Math.ceil(waitMs));
      blocked.set(`${limit.name}:${key}`, performance.now() + ttl, { ttl });
      throw tooManyRequests(Math.ceil(waitMs / 1000));
    },
    check(limit, key) {
      const until = blocked.get(`${limit.name}:${key}`);
      if (until === undefined) return;
      const left = until - performance.now();
      if (left > 0) throw tooManyRequests(Math.ceil(left / 1000));
    },
  };
}
