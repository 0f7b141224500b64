import type { Account } from '@chatelaine/ui';
import type { Pool } from '@chatelaine/postgres';
import type { FastifyInstance } from 'fastify';
import type { Section } from '../account-pages/overview-page.tsx';
import { overviewRoutes } from '../account-pages/overview-routes.tsx';
import type { AccountDeps } from '../deps.ts';
import { deletionRoutes } from '../deletion/deletion-routes.tsx';
import type { Erasing } from '../deletion/erasure.ts';
import type { ExportFile } from '../export/archive.ts';
import { exportRoutes } from '../export/export-routes.tsx';
import { confirmRoutes } from '../fresh/confirm-routes.tsx';
import { addressRoutes } from '../mail/address-routes.tsx';
import type { SmtpSettings } from '../mail/mailer.ts';
import { openMail } from '../mail/open-mail.ts';
import { resetRoutes } from '../mail/reset-routes.tsx';
import { passkeyRoutes } from '../passkeys/passkey-routes.tsx';
import { passkeySignIn } from '../passkeys/sign-in-routes.tsx';
import { createPasskeys } from '../passkeys/passkeys.ts';
import { recoveryRoutes } from '../recovery/recovery-routes.tsx';
import { passwordRoutes } from '../password/password-routes.tsx';
import { sessionRoutes } from '../sessions/session-routes.tsx';
import { ACCOUNT_LIMITS, type AccountLimits, createAttempts } from './attempts.ts';
import { createPasswords, type PasswordOptions } from './password.ts';
import { signInRoutes } from './sign-in-routes.tsx';

export interface AccountOptions {
  pool: Pool;
  /** Where people go after signing in if they came from nowhere else; `/` by default. */
  home?: string;
  limits?: Partial<AccountLimits>;
  passwords?: PasswordOptions;
  /** The SMTP server; without it no mail is sent. */
  mail?: SmtpSettings | null;
  /** What else the service stores about somebody, for their export; nothing with which anybody could sign in. */
  exported?: (account: Account) => AsyncIterable<ExportFile>;
  /** Further pages of the account, to which /account links. */
  sections?: readonly Section[];
  /** What else the service ends and deletes together with an account. */
  erasing?: Erasing;
  /** Called after an account was made with the sign-up form, before the answer. */
  onSignUp?: (account: Account) => Promise<void>;
}

/**
 * Everything that a service needs for people's accounts: sign-up, sign-in, sign-out and the pages at /account. Register
 * it inside `pages`.
 */
export async function accounts(app: FastifyInstance, options: AccountOptions): Promise<void> {
  const {
    pool,
    home = '/',
    limits,
    sections = [],
    onSignUp = async () => undefined,
    exported = nothing,
    erasing = nothingElse,
  } = options;
  const attempts = createAttempts(pool, { ...ACCOUNT_LIMITS, ...limits });
  const passwords = await createPasswords(options.passwords);
  const passkeys = createPasskeys(app, { pool });
  const deps: AccountDeps = {
    pool,
    home,
    attempts,
    passwords,
    passkeys,
    onSignUp,
    exported,
    erasing,
    ...openMail(app, options),
  };
  signInRoutes(app, deps); //   /sign-up, /sign-in, /sign-out
  passkeySignIn(app, deps); //  /sign-in/passkey, /sign-up/passkey
  overviewRoutes(app, deps, sections); // /account
  confirmRoutes(app, deps); //  /account/confirm
  passwordRoutes(app, deps); // /account/password
  passkeyRoutes(app, deps); //  /account/passkeys
  resetRoutes(app, deps); //    /sign-in/forgot, /sign-in/reset
  if (deps.mailQueue.open) addressRoutes(app, deps); // /account/email
  recoveryRoutes(app, deps); // /account/recovery, /sign-in/recovery
  exportRoutes(app, deps); //   /account/export
  deletionRoutes(app, deps); // /account/delete, /account/deleted
  sessionRoutes(app, deps); //  /account/sessions
}

const nothingElse: Erasing = { end: async () => undefined, erase: async () => ({ kind: 'done' }) };

async function* nothing(): AsyncGenerator<ExportFile> {}
