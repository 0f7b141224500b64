import { networkOf, sourceOf } from '@chatelaine/protocol';
import { SIGN_UPS_PER_HOUR } from '@chatelaine/service-kit';
import { createLimit, type Limit } from '../limits/limit.ts';
import { Problem } from '@chatelaine/ui';
import type { Pool } from '@chatelaine/postgres';

export interface AccountLimits {
  /**
   * Wrong passwords for one username from one address. Counted by the pair, so that nobody can lock somebody else out.
   */
  signIn: Limit;
  /** Wrong passwords from one address, for any usernames. */
  signInFromAddress: Limit;
  /** Wrong passwords from one IPv6 /48. */
  signInFromNetwork: Limit;
  /**
   * Wrong passwords for one username from all addresses. Browsers in which its owner has signed in before are not
   * included: they are counted separately.
   */
  signInToAccount: Limit;
  /** Wrong recovery codes from one address. A right code is never refused. */
  recoveryFromAddress: Limit;
  /** Mails to one address, and mails about one account, whoever asks for them. */
  mail: Limit;
  /** Mails that are asked for from one address. */
  mailFromAddress: Limit;
  /** Exports of one account. */
  export: Limit;
  /** New accounts from one address. */
  signUpFromAddress: Limit;
  /** New accounts from one IPv6 /48, which has 65,536 networks that count as an address. */
  signUpFromNetwork: Limit;
  /** New accounts in all, so that what strangers can make us store is bounded however many addresses they have. */
  signUpInAll: Limit;
}

export const ACCOUNT_LIMITS: AccountLimits = {
  signIn: { tries: 5, seconds: 15 * 60 },
  signInFromAddress: { tries: 50, seconds: 15 * 60 },
  signInFromNetwork: { tries: 250, seconds: 15 * 60 },
  signInToAccount: { tries: 100, seconds: 60 * 60 },
  recoveryFromAddress: { tries: 20, seconds: 15 * 60 },
  mail: { tries: 5, seconds: 60 * 60 },
  mailFromAddress: { tries: 20, seconds: 60 * 60 },
  export: { tries: 10, seconds: 60 * 60 },
  signUpFromAddress: { tries: 30, seconds: 60 * 60 },
  signUpFromNetwork: { tries: 150, seconds: 60 * 60 },
  signUpInAll: { tries: SIGN_UPS_PER_HOUR, seconds: 60 * 60 },
};

export interface WhoTries {
  readonly username: string;
  readonly ip: string;
  /** The browser's number, if this username has signed in there before; else null. */
  readonly known: string | null;
}

export interface Attempts {
  /**
   * Counts an attempt to sign in, before the password is checked, so that parallel attempts are counted too. Throws
   * Problem 429.
   */
  signIn(who: WhoTries): Promise<void>;
  /** The password was right: takes the attempt back, and resets the count of the username. */
  signedIn(who: WhoTries): Promise<void>;
  /** Counts a wrong recovery code. Throws Problem 429. */
  wrongRecoveryCode(who: { ip: string }): Promise<void>;
  /** Counts a mail that the owner of an account asks for. Throws Problem 429. */
  mail(what: { accountId: string; email: string; ip: string }): Promise<void>;
  /** Counts a request for a new password. Throws Problem 429, whether or not there is such an account. */
  forgot(who: { ip: string }): Promise<void>;
  /** Counts the mail for such a request; false if there were too many. */
  mayMail(what: { accountId: string; email: string }): Promise<boolean>;
  /** Counts an export. Throws Problem 429. */
  export(what: { accountId: string }): Promise<void>;
  signUp(who: { ip: string }): Promise<void>;
}

export function createAttempts(pool: Pool, limits: AccountLimits): Attempts {
  const pair = createLimit(pool, 'sign_in', limits.signIn);
  const address = createLimit(pool, 'sign_in_address', limits.signInFromAddress);
  const network = createLimit(pool, 'sign_in_network', limits.signInFromNetwork);
  const account = createLimit(pool, 'sign_in_account', limits.signInToAccount);
  const recovery = createLimit(pool, 'recovery_address', limits.recoveryFromAddress);
  const mailTo = createLimit(pool, 'mail_to', limits.mail);
  const mailAbout = createLimit(pool, 'mail_about', limits.mail);
  const mailFrom = createLimit(pool, 'mail_address', limits.mailFromAddress);
  const countMail = async ({ accountId, email }: { accountId: string; email: string }): Promise<void> => {
    await mailAbout.count(accountId);
    await mailTo.count(email.toLowerCase());
  };
  const exports_ = createLimit(pool, 'export', limits.export);
  const signUps = createLimit(pool, 'sign_up_address', limits.signUpFromAddress);
  const signUpsOfNetwork = createLimit(pool, 'sign_up_network', limits.signUpFromNetwork);
  const signUpsInAll = createLimit(pool, 'sign_up_all', limits.signUpInAll);
  return {
    async signIn({ username, ip, known }) {
      if (known !== null) return pair.count(username, known);
      // the narrowest first: attempts refused by it do not count against the owner in the wider ones
      await pair.count(username, sourceOf(ip));
      await address.count(sourceOf(ip));
      await network.count(networkOf(ip));
      await account.count(username);
    },
    async signedIn({ username, ip, known }) {
      if (known !== null) return pair.reset(username, known);
      await pair.reset(username, sourceOf(ip));
      await address.takeBack(sourceOf(ip));
      await network.takeBack(networkOf(ip));
      await account.takeBack(username);
    },
    wrongRecoveryCode: ({ ip }) => recovery.count(sourceOf(ip)),
    async mail({ ip, ...what }) {
      await mailFrom.count(sourceOf(ip));
      await countMail(what);
    },
    forgot: ({ ip }) => mailFrom.count(sourceOf(ip)),
    async mayMail(what) {
      try {
        await countMail(what);
        return true;
      } catch (refused) {
        if (refused instanceof Problem) return false;
        throw refused;
      }
    },
    export: ({ accountId }) => exports_.count(accountId),
    async signUp({ ip }) {
      // the narrowest first: attempts refused by it do not count against others in the wider ones
      await signUps.count(sourceOf(ip));
      await signUpsOfNetwork.count(networkOf(ip));
      await signUpsInAll.count('all');
    },
  };
}
