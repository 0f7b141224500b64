import path from 'node:path';

export { type AccountOptions, accounts } from './accounts/accounts.ts';
export type { AccountLimits } from './accounts/attempts.ts';
export { createAccount, type Created } from './accounts/create-account.ts';
export type { Section } from './account-pages/overview-page.tsx';
export type { SmtpSettings } from './mail/mailer.ts';
export { openOwnerMail, type OwnerMail } from './mail/owner-mail.ts';
export type { Erasing, Erasure } from './deletion/erasure.ts';
export { type ExportFile, inParts, jsonList } from './export/archive.ts';
export { createPasswords, type PasswordOptions, type Passwords } from './accounts/password.ts';
export { currentSessionHash, liveSessionsOf } from './sessions/sessions.ts';
export { accountOf, requireAccount, signInUrl } from './accounts/require-account.ts';
export { requireFresh } from './fresh/require-fresh.ts';
export { localPath } from './accounts/return-to.ts';
export { type Counter, createLimit, type Limit } from './limits/limit.ts';
export { reap } from './sessions/reap-store.ts';
export type { SessionLifetime } from './sessions/session-store.ts';
export { sessions, type SessionOptions } from './sessions/sessions.ts';
// pages know who is signed in, too
export { type Account, currentAccount, currentSessionAccount } from '@chatelaine/ui';

/**
 * Directory of the migrations of `account`, `session` and `rate_limit`, in Prisma's layout. A service applies them
 * together with its own.
 */
export const accountMigrations: string = path.join(import.meta.dirname, '..', 'prisma', 'migrations');

/** The same tables as a Prisma file, with which the service's test compares its database. */
export const accountSchema: string = path.join(import.meta.dirname, '..', 'prisma', 'accounts.prisma');
