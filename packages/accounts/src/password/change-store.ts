import { lockAccount } from '../accounts/account-store.ts';
import { endAllSessions } from '../sessions/own-sessions-store.ts';
import { defineQuery, inTransaction, type Pool, run, runOne } from '@chatelaine/postgres';

const IS_SIGNED_IN = defineQuery<{ ok: boolean }>({
  name: 'session.lock',
  text: 'select true as ok from session where id_hash = $1 and account_id = $2 for update',
});
const SET_PASSWORD = defineQuery<{ generation: number }>({
  name: 'account.set_password',
  text: `update account set password_hash = $2, session_generation = session_generation + 1 where id = $1
    returning session_generation as generation`,
});
const DROP_RESETS = defineQuery({
  name: 'mail_token.drop_resets',
  text: `delete from mail_token where account_id = $1 and purpose = 'reset'`,
});

export type PasswordChange = { kind: 'changed'; generation: number } | { kind: 'session ended' };

/**
 * Sets a new password and ends every session of the account and every link that could set another one, in one
 * transaction, provided that the current session is still live. A sign-in with the old password that is under way
 * cannot begin a session, because it belongs to an earlier generation.
 */
export async function changePassword(
  pool: Pool,
  { accountId, session, passwordHash }: { accountId: string; session: Buffer; passwordHash: string },
): Promise<PasswordChange> {
  return inTransaction(
    pool,
    async (db) => {
      // always the account before its sessions, so that two changes at once wait for each other
      await lockAccount(db, accountId);
      if ((await runOne(db, IS_SIGNED_IN, [session, accountId])) === null) return { kind: 'session ended' };
      const changed = await runOne(db, SET_PASSWORD, [accountId, passwordHash]);
      if (changed === null) return { kind: 'session ended' };
      await endAllSessions(db, accountId);
      await run(db, DROP_RESETS, [accountId]);
      return { kind: 'changed', generation: changed.generation };
    },
    { patient: true },
  );
}
