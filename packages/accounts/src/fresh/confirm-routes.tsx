import { formOf, queryOf, renderPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { findAccount } from '../accounts/account-store.ts';
import { accountOf, requireAccount } from '../accounts/require-account.ts';
import { localPath } from '../accounts/return-to.ts';
import type { AccountDeps } from '../deps.ts';
import { listPasskeys } from '../passkeys/passkey-store.ts';
import { knownBrowser } from '../sessions/known-browser.ts';
import { startSession } from '../sessions/sessions.ts';
import { ConfirmPage } from './confirm-page.tsx';

const AFTER = '/account';

/** /account/confirm: somebody who is signed in authenticates again. That starts a new session, with a new id. */
export function confirmRoutes(app: FastifyInstance, deps: AccountDeps): void {
  const signedIn = { preHandler: requireAccount };
  app.get('/account/confirm', signedIn, async (request, reply) =>
    show(deps, request, reply, { returnTo: localPath(queryOf(request).get('return_to'), AFTER) }),
  );
  app.post('/account/confirm', signedIn, async (request, reply) => byPassword(deps, request, reply));
  app.post('/account/confirm/passkey', signedIn, async (request, reply) => byPasskey(deps, request, reply));
}

async function show(
  deps: AccountDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  view: { returnTo: string; problem?: string },
): Promise<FastifyReply> {
  const { id, username } = accountOf(request);
  const passkeys = await listPasskeys(deps.pool, id);
  const found = await findAccount(deps.pool, username);
  const ask = passkeys.length === 0 ? null : await deps.passkeys.askToSign({ request, reply }, 'confirm', passkeys);
  const hasPassword = found !== null && found.passwordHash !== null;
  return renderPage(reply, <ConfirmPage {...view} username={username} ask={ask} hasPassword={hasPassword} />);
}

async function byPassword(deps: AccountDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { username } = accountOf(request);
  const form = formOf(request);
  const returnTo = localPath(form.get('return_to'), AFTER);
  // counted like signing in, so that nobody can try passwords in a browser that was left signed in
  const who = { username, ip: request.ip, known: knownBrowser(request, username) };
  await deps.attempts.signIn(who);
  const found = await findAccount(deps.pool, username);
  const right = await deps.passwords.check(form.get('password') ?? '', found?.passwordHash ?? null);
  if (!right || found === null) {
    request.log.info({ outcome: 'wrong password' }, 'confirmation refused');
    return show(deps, request, reply.code(400), { returnTo, problem: 'The password is not right.' });
  }
  await deps.attempts.signedIn(who);
  await startSession(request, { ...found, method: 'password' });
  request.log.info({ account: found.account.id }, 'confirmed');
  return reply.redirect(returnTo, 303);
}

async function byPasskey(deps: AccountDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id } = accountOf(request);
  const form = formOf(request);
  const returnTo = localPath(form.get('return_to'), AFTER);
  const input = { text: form.get('response') ?? '', of: id };
  const used = await deps.passkeys.signed({ request, reply }, 'confirm', input);
  if (used === null) {
    request.log.info({ outcome: 'passkey not good' }, 'confirmation refused');
    return show(deps, request, reply.code(400), {
      returnTo,
      problem: 'That was no passkey of this account. Try again.',
    });
  }
  await startSession(request, { ...used, method: 'passkey' });
  request.log.info({ account: id }, 'confirmed');
  return reply.redirect(returnTo, 303);
}
