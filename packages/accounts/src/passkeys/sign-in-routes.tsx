import { keepOpener } from '@chatelaine/service-kit';
import { inTransaction } from '@chatelaine/postgres';
import { formOf } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { insertAccount, type NewAccount } from '../accounts/account-store.ts';
import { TAKEN } from '../accounts/create-account.ts';
import { localPath } from '../accounts/return-to.ts';
import { showSignIn, showSignUp } from '../accounts/show-sign-in.tsx';
import { parseUsername, USERNAME_RULE } from '../accounts/username.ts';
import type { AccountDeps } from '../deps.ts';
import { deviceName } from '../sessions/device-name.ts';
import { rememberBrowser } from '../sessions/known-browser.ts';
import { startSession } from '../sessions/sessions.ts';
import { addPasskey } from './passkey-store.ts';
import type { Made } from './passkeys.ts';

/**
 * /sign-in/passkey and /sign-up/passkey, to which the browser's answer is sent. Attempts are not counted, because a
 * passkey cannot be guessed.
 */
export function passkeySignIn(app: FastifyInstance, deps: AccountDeps): void {
  const onTheWay = { onSend: keepOpener };
  app.post('/sign-in/passkey', onTheWay, async (request, reply) => signIn(deps, request, reply));
  app.post('/sign-up/passkey', onTheWay, async (request, reply) => signUp(deps, request, reply));
}

async function signIn(deps: AccountDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = formOf(request);
  const returnTo = localPath(form.get('return_to'), deps.home);
  const used = await deps.passkeys.signed({ request, reply }, 'sign-in', { text: form.get('response') ?? '' });
  if (used === null) {
    request.log.info({ outcome: 'passkey not good' }, 'sign-in refused');
    return showSignIn(deps, { request, reply: reply.code(400) }, { returnTo, problem: NOT_GOOD });
  }
  await startSession(request, { ...used, method: 'passkey' });
  rememberBrowser({ request, reply }, used.account.username);
  request.log.info({ account: used.account.id }, 'signed in');
  return reply.redirect(returnTo, 303);
}

/** The same for an unknown passkey and for a signature that is not valid. */
const NOT_GOOD = 'This passkey is not known here, or the page was open for too long. Try again, or use another way.';

async function signUp(deps: AccountDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = formOf(request);
  const returnTo = localPath(form.get('return_to'), deps.home);
  const typed = form.get('username') ?? '';
  const userId = form.get('user') ?? '';
  const again = (problem: string, kept: { userId?: string } = {}) =>
    showSignUp(
      deps,
      { request, reply: reply.code(400) },
      { returnTo, username: typed, passkeyProblem: problem, ...kept },
    );
  await deps.attempts.signUp({ ip: request.ip });
  const passkey = await deps.passkeys.made({ request, reply }, 'sign-up', { text: form.get('response') ?? '', userId });
  if (passkey === null) return again('That was no answer to what was just asked. Try again.');
  const username = parseUsername(typed);
  if (username === null) return again(`A username has ${USERNAME_RULE}`, { userId });
  const name = deviceName(request.headers['user-agent']);
  const made = await makeAccount(deps, { userId, username, passkey, name });
  if (made.kind === 'taken') return again(TAKEN, { userId });
  await deps.onSignUp(made.account);
  await startSession(request, { account: made.account, generation: 0, method: 'passkey' });
  rememberBrowser({ request, reply }, made.account.username);
  request.log.info({ account: made.account.id }, 'signed up');
  return reply.redirect(returnTo, 303);
}

/** Makes the account together with its passkey, or neither. */
async function makeAccount(
  { pool }: AccountDeps,
  { userId, username, passkey, name }: { userId: string; username: string; passkey: Made; name: string },
): Promise<NewAccount> {
  try {
    return await inTransaction(pool, async (db) => {
      const made = await insertAccount(db, { userId, username, passwordHash: null });
      if (made.kind === 'taken') return made;
      const added = await addPasskey(db, { accountId: made.account.id, passkey, name });
      if (added.kind !== 'added') throw new PasskeyNotAdded();
      return made;
    });
  } catch (error) {
    // the passkey exists already, or the answer was sent before: the transaction was rolled back
    if (error instanceof PasskeyNotAdded) return { kind: 'taken' };
    throw error;
  }
}

class PasskeyNotAdded extends Error {
  override name = 'PasskeyNotAdded';
}
