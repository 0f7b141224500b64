import { randomBytes } from 'node:crypto';
import { sha256 } from '@chatelaine/crypto';
import { type Db, defineQuery, inTransaction, type Pool, run, runOne } from '@chatelaine/postgres';
import { lockAccount } from '../accounts/account-store.ts';
import { endAllSessions } from '../sessions/own-sessions-store.ts';

export const MAIL_TOKEN_SECONDS = 15 * 60;

export type MailPurpose = 'confirm' | 'reset';

const REPLACE = defineQuery({
  name: 'mail_token.replace',
  text: `insert into mail_token (account_id, purpose, hash, email, expires_at)
    values ($1, $2, $3, $4, now() + make_interval(secs => ${MAIL_TOKEN_SECONDS}))
    on conflict (account_id, purpose) do update set hash = excluded.hash, email = excluded.email,
      expires_at = excluded.expires_at`,
});
const PENDING = defineQuery<{ email: string }>({
  name: 'mail_token.pending',
  text: `select email from mail_token where account_id = $1 and purpose = 'confirm' and expires_at > now()`,
});
const ACCOUNT_OF = defineQuery<{ account_id: string; username: string }>({
  name: 'mail_token.account',
  text: `select account_id, username from mail_token join account on account.id = account_id
    where hash = $1 and purpose = 'reset' and expires_at > now() and mail_token.email = account.email`,
});
const CONFIRM = defineQuery<{ email: string; before: string | null }>({
  name: 'mail_token.confirm',
  text: `with token as (delete from mail_token where hash = $1 and account_id = $2 and purpose = 'confirm'
    and expires_at > now() returning email),
      old as (select email from account where id = $2)
    update account set email = token.email from token, old where account.id = $2
    returning account.email, old.email as before`,
});
const RESET = defineQuery<{ id: string; email: string; username: string }>({
  name: 'mail_token.reset',
  text: `with token as (delete from mail_token where hash = $1 and account_id = $2 and purpose = 'reset'
    and expires_at > now() returning account_id, email)
    update account set password_hash = $3, session_generation = session_generation + 1 from token
    where account.id = token.account_id and account.email = token.email
    returning account.id, account.email, account.username`,
});

/** Makes the token of a link in a mail, which replaces any before. Only its hash is stored. */
export async function newMailToken(
  db: Db,
  { accountId, purpose, email }: { accountId: string; purpose: MailPurpose; email: string },
): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await run(db, REPLACE, [accountId, purpose, sha256(token), email]);
  return token;
}

/** The address to which a mail was sent, and which is not confirmed yet. */
export async function pendingAddress(db: Db, accountId: string): Promise<string | null> {
  return (await runOne(db, PENDING, [accountId]))?.email ?? null;
}

export type Confirmed = { kind: 'confirmed'; email: string; before: string | null } | { kind: 'not good' };

/** Confirms the address for which a token was made. Works once, and only for the account that asked for the mail. */
export async function confirmAddress(
  pool: Pool,
  { accountId, token }: { accountId: string; token: string },
): Promise<Confirmed> {
  const row = await runOne(pool, CONFIRM, [sha256(token), accountId]);
  return row === null ? { kind: 'not good' } : { kind: 'confirmed', ...row };
}

/** The account whose password a token may set; null if the token is not valid. Does not use the token up. */
export async function accountOfReset(pool: Pool, token: string): Promise<{ id: string; username: string } | null> {
  const row = await runOne(pool, ACCOUNT_OF, [sha256(token)]);
  return row === null ? null : { id: row.account_id, username: row.username };
}

export type Reset = { kind: 'reset'; email: string; username: string } | { kind: 'not good' };

/** Sets a new password by a token, and ends every session, in one transaction. Works once. */
export async function resetPassword(
  pool: Pool,
  { accountId, token, passwordHash }: { accountId: string; token: string; passwordHash: string },
): Promise<Reset> {
  return inTransaction(pool, async (db) => {
    await lockAccount(db, accountId);
    const row = await runOne(db, RESET, [sha256(token), accountId, passwordHash]);
    if (row === null) return { kind: 'not good' };
    await endAllSessions(db, accountId);
    return { kind: 'reset', email: row.email, username: row.username };
  });
}
