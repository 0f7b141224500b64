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

/** Takes the address away, and with it every mail that is on its way; says which it was. */
export async function removeAddress(db: Db, accountId: string): Promise<string | null> {
  return (await runOne(db, REMOVE, [accountId]))?.before ?? null;
}

/** An account that mail may be sent to. */
export interface Reachable {
  readonly id: string;
  readonly username: string;
  readonly email: string;
}

/** Those with this address, five at most. */
export async function accountsByAddress(db: Db, email: string): Promise<Reachable[]> {
  return run(db, BY_ADDRESS, [email]);
}

export async function accountByUsername(db: Db, username: string): Promise<Reachable[]> {
  return run(db, BY_USERNAME, [username]);
}
