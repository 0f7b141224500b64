import { randomBytes } from 'node:crypto';
import { sha256 } from '@chatelaine/crypto';
import { type Db, defineQuery, inTransaction, type Pool, run, runOne } from '@chatelaine/postgres';

/** How long the progress page of a finished deletion exists. */
const KEPT = '30 days';

const DELETE_ACCOUNT = defineQuery<{ email: string | null }>({
  name: 'account.delete',
  text: 'delete from account where id = $1 returning email',
});
const BEGIN = defineQuery({
  name: 'account_deletion.begin',
  text: 'insert into account_deletion (token_hash, account_id) values ($1, $2)',
});
const FIND = defineQuery<{ account_id: string | null }>({
  name: 'account_deletion.find',
  text: `select account_id from account_deletion where token_hash = $1`,
});
// in random order, so that those that wait for somebody who does not answer do not hold up the others
const OPEN = defineQuery<{ account_id: string }>({
  name: 'account_deletion.open',
  text: 'select account_id from account_deletion where account_id is not null order by random() limit 100',
});
const DONE = defineQuery({
  name: 'account_deletion.done',
  text: 'update account_deletion set account_id = null, done_at = now() where account_id = $1',
});
const REAP = defineQuery({
  name: 'account_deletion.reap',
  text: `delete from account_deletion where done_at < now() - interval '${KEPT}'`,
});

export interface BegunDeletion {
  /** With it, the progress of the deletion can be seen. */
  readonly token: string;
  /** The e-mail address that the account had, or null. */
  readonly email: string | null;
}

/** Deletes an account with everything that allows signing in to it. Null if it had been deleted before. */
export async function beginDeletion(pool: Pool, accountId: string): Promise<BegunDeletion | null> {
  const token = randomBytes(32).toString('base64url');
  return inTransaction(
    pool,
    async (tx) => {
      const row = await runOne(tx, DELETE_ACCOUNT, [accountId]);
      if (row === null) return null;
      await run(tx, BEGIN, [sha256(token), accountId]);
      return { token, email: row.email };
    },
    { patient: true },
  );
}

export type Deletion = { kind: 'unknown' } | { kind: 'done' } | { kind: 'under way'; accountId: string };

export async function findDeletion(db: Db, token: string): Promise<Deletion> {
  const row = await runOne(db, FIND, [sha256(token)]);
  if (row === null) return { kind: 'unknown' };
  return row.account_id === null ? { kind: 'done' } : { kind: 'under way', accountId: row.account_id };
}

/** Up to 100 deleted accounts of which something is still stored. */
export async function openDeletions(db: Db): Promise<string[]> {
  await run(db, REAP);
  return (await run(db, OPEN)).map(({ account_id: id }) => id);
}

/** Everything has been deleted: forgets even which account it was. */
export async function deletionDone(db: Db, accountId: string): Promise<void> {
  await run(db, DONE, [accountId]);
}
