import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { keepOpener } from '@chatelaine/service-kit';
import { currentAccount, formOf, queryOf } from '@chatelaine/ui';
import type { AccountDeps } from '../deps.ts';
import { knownBrowser, rememberBrowser } from '../sessions/known-browser.ts';
import { endSession, startSession } from '../sessions/sessions.ts';
import { findAccount } from './account-store.ts';
import { createAccount } from './create-account.ts';
import { localPath } from './return-to.ts';
import { showSignIn, showSignUp } from './show-sign-in.tsx';
import { parseUsername } from './username.ts';

/**
 * The same for a wrong password and for a username that does not exist, so that nobody learns which names are taken.
 */
const WRONG = 'Username or password is not right.';

/** /sign-up, /sign-in and /sign-out. */
export function signInRoutes(app: FastifyInstance, deps: AccountDeps): void {
  const { home } = deps;
  // these pages may be part of an authorization, so they keep the window's opener
  const onTheWay = { onSend: keepOpener };
  app.get('/sign-in', onTheWay, async (request, reply) => {
    const returnTo = localPath(queryOf(request).get('return_to'), home);
    return currentAccount(request) === null
      ? showSignIn(deps, { request, reply }, { returnTo })
      : reply.redirect(returnTo, 303);
  });
  app.get('/sign-up', onTheWay, async (request, reply) => {
    const returnTo = localPath(queryOf(request).get('return_to'), home);
    return showSignUp(deps, { request, reply }, { returnTo });
  });
  app.post('/sign-in', onTheWay, async (request, reply) => signIn(deps, request, reply));
  app.post('/sign-up', onTheWay, async (request, reply) => signUp(deps, request, reply));
  app.post('/sign-out', async (request, reply) => {
    await endSession(request, reply);
    return reply.redirect('/', 303);
  });
}

async function signIn(deps: AccountDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { returnTo, username, password } = read(deps, request);
  const name = parseUsername(username) ?? '';
  const who = { username: name, ip: request.ip, known: knownBrowser(request, name) };
  await deps.attempts.signIn(who);
  const found = await findAccount(deps.pool, who.username);
  const right = await deps.passwords.check(password, found?.passwordHash ?? null);
  if (!right || found === null) {
    request.log.info({ outcome: 'wrong password' }, 'sign-in refused');
    return showSignIn(deps, { request, reply: reply.code(400) }, { returnTo, username, problem: WRONG });
  }
  await deps.attempts.signedIn(who);
  await startSession(request, { ...found, method: 'password' });
  rememberBrowser({ request, reply }, who.username);
  request.log.info({ account: found.account.id }, 'signed in');
  return reply.redirect(returnTo, 303); // RFC 9700 §4.12: the credentials are not posted again
}

async function signUp(deps: AccountDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { returnTo, username, password } = read(deps, request);
  await deps.attempts.signUp({ ip: request.ip });
  const created = await createAccount(deps, { username, password });
  const again = { request, reply: reply.code(400) };
  switch (created.kind) {
    case 'bad username':
      return showSignUp(deps, again, { returnTo, username, usernameProblem: created.problem });
    case 'bad password':
      return showSignUp(deps, again, { returnTo, username, passwordProblem: created.problem });
    case 'created':
      await deps.onSignUp(created.account);
      await startSession(request, { account: created.account, generation: 0, method: 'password' });
      rememberBrowser({ request, reply }, created.account.username);
      request.log.info({ account: created.account.id }, 'signed up');
      return reply.redirect(returnTo, 303);
    default:
      return created satisfies never;
  }
}

function read(
  { home }: AccountDeps,
  request: FastifyRequest,
): { returnTo: string; username: string; password: string } {
  const form = formOf(request);
  return {
    returnTo: localPath(form.get('return_to'), home),
    username: form.get('username') ?? '',
    password: form.get('password') ?? '',
  };
}
