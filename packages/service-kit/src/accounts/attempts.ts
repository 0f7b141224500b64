import { networkOf, sourceOf } from '@chatelaine/protocol';
import { createLimit, type Limit } from '../limits/limit.ts';
import type { Pool } from '@chatelaine/postgres';

export interface AccountLimits {
  /** Wrong passwords for one username from one address. By the pair, so that nobody can lock somebody else out. */
  signIn: Limit;
  /** Wrong passwords from one address, whatever the usernames. */
  signInFromAddress: Limit;
  /** New accounts from one address. */
  signUpFromAddress: Limit;
  /** New accounts from one IPv6 /48, which has 65,536 such addresses. */
  signUpFromNetwork: Limit;
  /** New accounts in all: what is kept for strangers is bounded, however many addresses they have. */
  signUpInAll: Limit;
}

/** Unless the operator says otherwise. */
export const SIGN_UPS_PER_HOUR = 2_000;

export const ACCOUNT_LIMITS: AccountLimits = {
  signIn: { tries: 5, seconds: 15 * 60 },
  signInFromAddress: { tries: 50, seconds: 15 * 60 },
  signUpFromAddress: { tries: 30, seconds: 60 * 60 },
  signUpFromNetwork: { tries: 150, seconds: 60 * 60 },
  signUpInAll: { tries: SIGN_UPS_PER_HOUR, seconds: 60 * 60 },
};

export interface Attempts {
  /** Counts a try at signing in before the password is looked at, so that parallel tries are counted too. Throws Problem 429. */
  signIn(who: { username: string; ip: string }): Promise<void>;
  /** The password was right: the try is taken back, and the username's count starts anew. */
  signedIn(who: { username: string; ip: string }): Promise<void>;
  signUp(who: { ip: string }): Promise<void>;
}

export function createAttempts(pool: Pool, limits: AccountLimits): Attempts {
  const pair = createLimit(pool, 'sign_in', limits.signIn);
  const address = createLimit(pool, 'sign_in_address', limits.signInFromAddress);
  const signUps = createLimit(pool, 'sign_up_address', limits.signUpFromAddress);
  const signUpsOfNetwork = createLimit(pool, 'sign_up_network', limits.signUpFromNetwork);
  const signUpsInAll = createLimit(pool, 'sign_up_all', limits.signUpInAll);
  return {
    async signIn({ username, ip }) {
      await address.count(sourceOf(ip));
      await pair.count(username, sourceOf(ip));
    },
    async signedIn({ username, ip }) {
      await address.takeBack(sourceOf(ip));
      await pair.reset(username, sourceOf(ip));
    },
    async signUp({ ip }) {
      // the narrowest first: what one address is refused uses up nothing of the others'
      await signUps.count(sourceOf(ip));
      await signUpsOfNetwork.count(networkOf(ip));
      await signUpsInAll.count('all');
    },
  };
}
