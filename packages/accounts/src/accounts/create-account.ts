import type { Pool } from '@chatelaine/postgres';
import type { Account } from '@chatelaine/ui';
import { insertAccount } from './account-store.ts';
import { type Passwords, passwordProblem } from './password.ts';
import { newUserId } from './user-id.ts';
import { parseUsername, USERNAME_RULE } from './username.ts';

export const TAKEN = 'This username is taken. Choose another one, or sign in.';

export type Created =
  | { kind: 'created'; account: Account }
  | { kind: 'bad username'; problem: string }
  | { kind: 'bad password'; problem: string };

/** Makes an account if username and password are acceptable and the name is free. For the routes, seeds and tests. */
export async function createAccount(
  deps: { pool: Pool; passwords: Passwords },
  input: { username: string; password: string },
): Promise<Created> {
  const username = parseUsername(input.username);
  if (username === null) return { kind: 'bad username', problem: `A username has ${USERNAME_RULE}` };
  const problem = passwordProblem(input.password, username);
  if (problem !== null) return { kind: 'bad password', problem };
  const made = await insertAccount(deps.pool, {
    userId: newUserId(),
    username,
    passwordHash: await deps.passwords.hash(input.password),
  });
  return made.kind === 'created' ? made : { kind: 'bad username', problem: TAKEN };
}
