import { type Db, defineQuery, run, runOne } from '@chatelaine/postgres';

const ADDRESS_OF = defineQuery<{ email: string | null }>({
  name: 'account.email',
  text: 'select email from account where id = $1',
});
const REMOVE = defineQuery<{ before: string | null }>({
  name: 'account.remove_email',
  text: `with old as (select email from account where id = $1),
      pending as (delete from mail_token where account_id = $1)
    update account set email = null from old where account.id = $1 returning old.email as before`,
});
const BY_ADDRESS = defineQuery<{ id: string; username: string; email: string }>({
  name: 'account.by_email',
  text: 'select id, username, email from account where email = $1 order by id limit 5',
});
const BY_USERNAME = defineQuery<{ id: string; username: string; email: string }>({
  name: 'account.email_by_username',
  text: 'select id, username, email from account where username = $1 and email is not null',
});

/** The confirmed address of an account, or null. */
export async function addressOf(db: Db, accountId: string): Promise<string | null> {
  return (await runOne(db, ADDRESS_OF, [accountId]))?.email ?? null;
}

/** Removes the address and invalidates the links in mails sent before. Returns the address that it was, or null. */
export async function removeAddress(db: Db, accountId: string): Promise<string | null> {
  return (await runOne(db, REMOVE, [accountId]))?.before ?? null;
}

/** An account with a confirmed address. */
export interface Reachable {
  readonly id: string;
  readonly username: string;
  readonly email: string;
}

/** The accounts with this confirmed address, at most five. */
export async function accountsByAddress(db: Db, email: string): Promise<Reachable[]> {
  return run(db, BY_ADDRESS, [email]);
}

export async function accountByUsername(db: Db, username: string): Promise<Reachable[]> {
  return run(db, BY_USERNAME, [username]);
}
