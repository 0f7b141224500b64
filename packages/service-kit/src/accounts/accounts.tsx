import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { formOf, queryOf } from '../forms/form-of.ts';
import { renderPage } from '../pages/render.tsx';
import type { Pool } from '@chatelaine/postgres';
import { endSession, startSession } from '../sessions/sessions.ts';
import type { Account } from './account.ts';
import { keepOpener } from '../server/security-headers.ts';
import { findAccount } from './account-store.ts';
import { ACCOUNT_LIMITS, type AccountLimits, type Attempts, createAttempts } from './attempts.ts';
import { createAccount } from './create-account.ts';
import { currentAccount } from './current-account.ts';
import { createPasswords, type PasswordOptions, type Passwords } from './password.ts';
import { localPath } from './return-to.ts';
import { SignInPage, SignUpPage } from './sign-in-page.tsx';
import { parseUsername } from './username.ts';

export interface AccountOptions {
  pool: Pool;
  /** Where people land after signing in when nothing else was asked for; default `/`. */
  home?: string;
  limits?: Partial<AccountLimits>;
  passwords?: PasswordOptions;
  /** Told after an account was made through the sign-up form, before the answer. */
  onSignUp?: (account: Account) => Promise<void>;
}

interface Deps {
  pool: Pool;
  home: string;
  attempts: Attempts;
  passwords: Passwords;
  onSignUp: (account: Account) => Promise<void>;
}

/** One text for a wrong password and for a username that does not exist. */
const WRONG = 'Username or password is not right.';

/** /sign-up, /sign-in and /sign-out. Register it inside `pages`. */
export async function accounts(app: FastifyInstance, options: AccountOptions): Promise<void> {
  const { pool, home = '/', limits, onSignUp = async () => undefined } = options;
  const attempts = createAttempts(pool, { ...ACCOUNT_LIMITS, ...limits });
  const deps: Deps = { pool, home, attempts, passwords: await createPasswords(options.passwords), onSignUp };
  // they lie on the way of an authorization
  const onTheWay = { onSend: keepOpener };
  app.get('/sign-in', onTheWay, async (request, reply) => {
    const returnTo = localPath(queryOf(request).get('return_to'), home);
    return currentAccount(request) === null
      ? renderPage(reply, <SignInPage returnTo={returnTo} />)
      : reply.redirect(returnTo, 303);
  });
  app.get('/sign-up', onTheWay, async (request, reply) => {
    const returnTo = localPath(queryOf(request).get('return_to'), home);
    return renderPage(reply, <SignUpPage returnTo={returnTo} />);
  });
  app.post('/sign-in', onTheWay, async (request, reply) => signIn(deps, request, reply));
  app.post('/sign-up', onTheWay, async (request, reply) => signUp(deps, request, reply));
  app.post('/sign-out', async (request, reply) => {
    await endSession(request, reply);
    return reply.redirect('/', 303);
  });
}

async function signIn(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { returnTo, username, password } = read(deps, request);
  const who = { username: parseUsername(username) ?? '', ip: request.ip };
  await deps.attempts.signIn(who);
  const found = await findAccount(deps.pool, who.username);
  const right = await deps.passwords.check(password, found?.passwordHash ?? null);
  if (!right || found === null) {
    request.log.info({ outcome: 'wrong password' }, 'sign-in refused');
    return renderPage(reply.code(400), <SignInPage returnTo={returnTo} username={username} problem={WRONG} />);
  }
  await deps.attempts.signedIn(who);
  await startSession(request, found.account);
  request.log.info({ account: found.account.id }, 'signed in');
  return reply.redirect(returnTo, 303); // RFC 9700 §4.12: the credentials are not posted again
}

async function signUp(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { returnTo, username, password } = read(deps, request);
  await deps.attempts.signUp({ ip: request.ip });
  const created = await createAccount(deps, { username, password });
  switch (created.kind) {
    case 'bad username':
      return renderPage(
        reply.code(400),
        <SignUpPage returnTo={returnTo} username={username} usernameProblem={created.problem} />,
      );
    case 'bad password':
      return renderPage(
        reply.code(400),
        <SignUpPage returnTo={returnTo} username={username} passwordProblem={created.problem} />,
      );
    case 'created':
      await deps.onSignUp(created.account);
      await startSession(request, created.account);
      request.log.info({ account: created.account.id }, 'signed up');
      return reply.redirect(returnTo, 303);
    default:
      return created satisfies never;
  }
}

function read({ home }: Deps, request: FastifyRequest): { returnTo: string; username: string; password: string } {
  const form = formOf(request);
  return {
    returnTo: localPath(form.get('return_to'), home),
    username: form.get('username') ?? '',
    password: form.get('password') ?? '',
  };
}
