import type { Account } from '@chatelaine/ui';
import type { Pool } from '@chatelaine/postgres';
import type { Attempts } from './accounts/attempts.ts';
import type { Erasing } from './deletion/erasure.ts';
import type { ExportFile } from './export/archive.ts';
import type { Passwords } from './accounts/password.ts';
import type { Deed, Sender } from './mail/letters.ts';
import type { PostOffice } from './mail/post-office.ts';
import type { Passkeys } from './passkeys/passkeys.ts';

/** The dependencies of the routes. */
export interface AccountDeps {
  readonly pool: Pool;
  /** Where people go after signing in if they came from nowhere else. */
  readonly home: string;
  readonly attempts: Attempts;
  readonly passwords: Passwords;
  readonly passkeys: Passkeys;
  readonly postOffice: PostOffice;
  /** The service in whose name mails are sent. */
  readonly sender: Sender;
  /** Mails the owner of an account what was done to it, if they have confirmed an address. */
  readonly tell: (accountId: string, deed: Deed) => void;
  /** The same to an address that the account does not have any more. */
  readonly tellAt: (address: string, deed: Deed) => void;
  /** What else the service stores about somebody, for their export. */
  readonly exported: (account: Account) => AsyncIterable<ExportFile>;
  readonly erasing: Erasing;
  readonly onSignUp: (account: Account) => Promise<void>;
}
