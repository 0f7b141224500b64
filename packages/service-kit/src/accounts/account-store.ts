import { randomBytes } from 'node:crypto';
import { type Db, defineQuery, runOne } from '@chatelaine/postgres';
import type { Account } from './account.ts';

const INSERT = defineQuery<{ id: string; username: string }>({
  name: 'account.insert',
  text: 'insert into account (id, username, password_hash) values ($1, $2, $3) on conflict (username) do nothing returning id, username',
});
const FIND = defineQuery<{ id: string; username: string; password_hash: string }>({
  name: 'account.find',
  text: 'select id, username, password_hash from account where username = $1',
});

export type NewAccount = { kind: 'created'; account: Account } | { kind: 'taken' };

/** Inserts an account unless the username is taken. */
export async function insertAccount(db: Db, input: { username: string; passwordHash: string }): Promise<NewAccount> {
  const id = `acc_${randomBytes(16).toString('base64url')}`;
  const account = await runOne(db, INSERT, [id, input.username, input.passwordHash]);
  return account === null ? { kind: 'taken' } : { kind: 'created', account };
}

/** The account of a username with its password hash, or null. */
export async function findAccount(
  db: Db,
  username: string,
): Promise<{ account: Account; passwordHash: string } | null> {
  const row = await runOne(db, FIND, [username]);
  return row === null ? null : { account: { id: row.id, username: row.username }, passwordHash: row.password_hash };
}
