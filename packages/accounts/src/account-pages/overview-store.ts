import { type Db, defineQuery, runForRow } from '@chatelaine/postgres';

/** With what somebody can sign in to an account. */
export interface WaysIn {
  readonly hasPassword: boolean;
  readonly passkeys: number;
  readonly recoveryCodes: number;
  /** The confirmed e-mail address, or null. */
  readonly address: string | null;
}

const WAYS_IN = defineQuery<{ has_password: boolean; passkeys: number; recovery_codes: number; email: string | null }>({
  name: 'account.ways_in',
  text: `select password_hash is not null as has_password,
      (select count(*)::int from passkey where account_id = account.id) as passkeys,
      (select count(*)::int from recovery_code where account_id = account.id and used_at is null) as recovery_codes,
        email
    from account where id = $1`,
});

export async function readWaysIn(db: Db, accountId: string): Promise<WaysIn> {
  const row = await runForRow(db, WAYS_IN, [accountId]);
  return {
    hasPassword: row.has_password,
    passkeys: row.passkeys,
    recoveryCodes: row.recovery_codes,
    address: row.email,
  };
}
