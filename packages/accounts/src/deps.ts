import type { Account } from '@chatelaine/ui';
import type { Pool } from '@chatelaine/postgres';
import type { Attempts } from './accounts/attempts.ts';
import type { Erasing } from './deletion/erasure.ts';
import type { ExportFile } from './export/archive.ts';
import type { Passwords } from './accounts/password.ts';
import type { AccountChange, Sender } from './mail/letters.ts';
import type { MailQueue } from './mail/mail-queue.ts';
import type { Passkeys } from './passkeys/passkeys.ts';

/** The dependencies of the routes. */
export interface AccountDeps {
  readonly pool: Pool;
  /** Where people go after signing in if they came from nowhere else. */
  readonly home: string;
  readonly attempts: Attempts;
  readonly passwords: Passwords;
  readonly passkeys: Passkeys;
  readonly mailQueue: MailQueue;
  /** The service in whose name mails are sent. */
  readonly sender: Sender;
  /** Mails the owner of an account what was done to it, if they have confirmed an address. */
  readonly notify: (accountId: string, change: AccountChange) => void;
  /** The same to an address that the account does not have any more. */
  readonly notifyAddress: (address: string, change: AccountChange) => void;
  /** What else the service stores about somebody, for their export. */
  readonly exported: (account: Account) => AsyncIterable<ExportFile>;
  readonly erasing: Erasing;
  readonly onSignUp: (account: Account) => Promise<void>;
}
