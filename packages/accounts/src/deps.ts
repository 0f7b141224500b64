import type { Account } from '@chatelaine/ui';
import type { Pool } from '@chatelaine/postgres';
import type { Attempts } from './accounts/attempts.ts';
import type { Erasing } from './deletion/erasure.ts';
import type { ExportFile } from './export/archive.ts';
import type { Passwords } from './accounts/password.ts';
import type { Deed, Sender } from './mail/letters.ts';
import type { PostOffice } from './mail/post-office.ts';
import type { Passkeys } from './passkeys/passkeys.ts';

/** What the routes of accounts share. */
export interface AccountDeps {
  readonly pool: Pool;
  /** Where people land after signing in when nothing else was asked for. */
  readonly home: string;
  readonly attempts: Attempts;
  readonly passwords: Passwords;
  readonly passkeys: Passkeys;
  readonly postOffice: PostOffice;
  /** Who writes. */
  readonly sender: Sender;
  /** Tells an account's owner what was done to it, where they have confirmed an address. */
  readonly tell: (accountId: string, deed: Deed) => void;
  /** … or whoever has this address, which the account has no more. */
  readonly tellAt: (address: string, deed: Deed) => void;
  /** What else the service keeps of somebody, for their export. */
  readonly exported: (account: Account) => AsyncIterable<ExportFile>;
  readonly erasing: Erasing;
  readonly onSignUp: (account: Account) => Promise<void>;
}
