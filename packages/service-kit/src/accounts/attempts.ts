import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Pool } from '../postgres/pool.ts';
import { Problem } from '../server/problem.ts';

/** So many tries in so many seconds. */
export interface Limit {
  tries: number;
  seconds: number;
}

export interface AccountLimits {
  /** Wrong passwords for one username from one address. By the pair, so that nobody can lock somebody else out. */
  signIn: Limit;
  /** Wrong passwords from one address, whatever the usernames. */
  signInFromAddress: Limit;
  /** New accounts from one address. */
  signUpFromAddress: Limit;
}

export const ACCOUNT_LIMITS: AccountLimits = {
  signIn: { tries: 5, seconds: 15 * 60 },
  signInFromAddress: { tries: 50, seconds: 15 * 60 },
  signUpFromAddress: { tries: 30, seconds: 60 * 60 },
};

/** Counts tries in table `rate_limit`: shared by all replicas, and a restart forgets nothing. */
export interface Attempts {
  /** Counts a try at signing in before the password is looked at, so that parallel tries are counted too. Throws Problem 429. */
  signIn(who: { username: string; ip: string }): Promise<void>;
  /** The password was right: the try is taken back, and the username's count starts anew. */
  signedIn(who: { username: string; ip: string }): Promise<void>;
  signUp(who: { ip: string }): Promise<void>;
}

export function createAttempts(pool: Pool, limits: AccountLimits): Attempts {
  const limiter = (keyPrefix: string, { tries, seconds }: Limit) =>
    new RateLimiterPostgres({
      storeClient: pool,
      storeType: 'pool',
      tableName: 'rate_limit',
      tableCreated: true,
      clearExpiredByTimeout: false,
      keyPrefix,
      points: tries,
      duration: seconds,
    });
  const pair = limiter('sign_in', limits.signIn);
  const address = limiter('sign_in_address', limits.signInFromAddress);
  const signUps = limiter('sign_up_address', limits.signUpFromAddress);
  return {
    async signIn({ username, ip }) {
      await consume(address, keyOf(network(ip)));
      await consume(pair, keyOf(username, network(ip)));
    },
    async signedIn({ username, ip }) {
      await address.reward(keyOf(network(ip)));
      await pair.delete(keyOf(username, network(ip)));
    },
    signUp: ({ ip }) => consume(signUps, keyOf(network(ip))),
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
function keyOf(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('base64url');
}

/** Whoever has one IPv6 address has its /64. An IPv4 address written as IPv6 is that IPv4 address. */
export function network(ip: string): string {
  const bare = ip.replace(/^::ffff:(?=\d+\.)/i, '').split('%', 1)[0] ?? '';
  if (!isIPv6(bare)) return bare;
  const [head = '', tail] = bare.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...Array<string>(zeros).fill('0'), ...right]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
