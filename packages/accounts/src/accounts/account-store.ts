import { type Db, defineQuery, run, runOne } from '@chatelaine/postgres';
import type { Account } from '@chatelaine/ui';
import { accountIdOf } from './user-id.ts';

const INSERT = defineQuery<{ id: string; username: string }>({
  name: 'account.insert',
  text: `insert into account (id, username, password_hash) values ($1, $2, $3) on conflict do nothing
    returning id, username`,
});
const FIND = defineQuery<{ id: string; username: string; password_hash: string | null; generation: number }>({
  name: 'account.find',
  text: 'select id, username, password_hash, session_generation as generation from account where username = $1',
});
const LOCK = defineQuery<{ id: string }>({
  name: 'account.lock',
  text: 'select id from account where id = $1 for no key update',
});

export type NewAccount = { kind: 'created'; account: Account } | { kind: 'taken' };

/** Inserts an account unless the username is taken. Somebody who has a passkey needs no password. */
export async function insertAccount(
  db: Db,
  { userId, username, passwordHash }: { userId: string; username: string; passwordHash: string | null },
): Promise<NewAccount> {
  const account = await runOne(db, INSERT, [accountIdOf(userId), username, passwordHash]);
  return account === null ? { kind: 'taken' } : { kind: 'created', account };
}

/** An account, with what is needed to sign in to it. */
export interface FoundAccount {
  readonly account: Account;
  /** Null if it has no password. */
  readonly passwordHash: string | null;
  /** The generation of the account's sessions: see `startSession`. */
  readonly generation: number;
}

export async function findAccount(db: Db, username: string): Promise<FoundAccount | null> {
  const row = await runOne(db, FIND, [username]);
  if (row === null) return null;
  const { id, password_hash: passwordHash, generation } = row;
  return { account: { id, username: row.username }, passwordHash, generation };
}

const NEXT_GENERATION = defineQuery({
  name: 'account.next_generation',
  text: 'update account set session_generation = session_generation + 1 where id = $1',
});

/**
 * After this, no session can begin with credentials that were checked before. The caller ends the sessions that exist.
 */
export async function nextGeneration(tx: Db, accountId: string): Promise<void> {
  await run(tx, NEXT_GENERATION, [accountId]);
}

/**
 * Must come first in every transaction that changes how somebody signs in: two such transactions wait for each other,
 * and a sign-in waits for both.
 */
export async function lockAccount(tx: Db, accountId: string): Promise<void> {
  await runOne(tx, LOCK, [accountId]);
}
