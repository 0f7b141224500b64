import { type Db, defineQuery, inTransaction, type Pool, run, runOne } from '@chatelaine/postgres';
import { lockAccount } from '../accounts/account-store.ts';
import { newRecoveryCode, recoveryCodeHash } from './recovery-code.ts';

export const RECOVERY_CODES = 10;

const DELETE = defineQuery({ name: 'recovery_code.delete', text: 'delete from recovery_code where account_id = $1' });
const INSERT = defineQuery({
  name: 'recovery_code.insert',
  text: 'insert into recovery_code (account_id, hash) select $1, unnest($2::bytea[])',
});
const COUNT = defineQuery<{ unused: number }>({
  name: 'recovery_code.count',
  text: 'select count(*)::int as unused from recovery_code where account_id = $1 and used_at is null',
});
const USE = defineQuery<{ generation: number }>({
  name: 'recovery_code.use',
  text: `update recovery_code set used_at = now() from account
    where recovery_code.account_id = $1 and hash = $2 and used_at is null and account.id = $1
    returning account.session_generation as generation`,
});

/** Makes new codes, which replace all others of the account. Only their hashes are stored. */
export async function makeRecoveryCodes(pool: Pool, accountId: string): Promise<string[]> {
  const codes = Array.from({ length: RECOVERY_CODES }, newRecoveryCode);
  await inTransaction(pool, async (db) => {
    await lockAccount(db, accountId);
    await run(db, DELETE, [accountId]);
    await run(db, INSERT, [accountId, codes.map((code) => recoveryCodeHash(accountId, code))]);
  });
  return codes;
}

/** The number of unused codes. */
export async function unusedRecoveryCodes(db: Db, accountId: string): Promise<number> {
  return (await runOne(db, COUNT, [accountId]))?.unused ?? 0;
}

/** Uses up a code; null if the account has no such code, or it was used before. */
export async function takeRecoveryCode(
  pool: Pool,
  { accountId, code }: { accountId: string; code: string },
): Promise<{ generation: number } | null> {
  return runOne(pool, USE, [accountId, recoveryCodeHash(accountId, code)]);
}
