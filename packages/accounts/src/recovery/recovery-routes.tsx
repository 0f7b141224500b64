import { keepOpener } from '@chatelaine/service-kit';
import { formOf, queryOf, renderPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { findAccount } from '../accounts/account-store.ts';
import { accountOf } from '../accounts/require-account.ts';
import { localPath } from '../accounts/return-to.ts';
import { parseUsername } from '../accounts/username.ts';
import type { AccountDeps } from '../deps.ts';
import { requireFresh } from '../fresh/require-fresh.ts';
import { rememberBrowser } from '../sessions/known-browser.ts';
import { startSession } from '../sessions/sessions.ts';
import { parseRecoveryCode } from './recovery-code.ts';
import { NewCodesPage, RecoverPage, RecoveryPage } from './recovery-page.tsx';
import { makeRecoveryCodes, takeRecoveryCode, unusedRecoveryCodes } from './recovery-store.ts';

const PAGE = '/account/recovery';
const SIGN_IN = '/sign-in/recovery';

/** /account/recovery makes codes, /sign-in/recovery signs in with one. */
export function recoveryRoutes(app: FastifyInstance, deps: AccountDeps): void {
  const fresh = { preHandler: requireFresh(deps, PAGE) };
  app.get(PAGE, fresh, async (request, reply) =>
    renderPage(reply, <RecoveryPage unused={await unusedRecoveryCodes(deps.pool, accountOf(request).id)} />),
  );
  app.post(PAGE, fresh, async (request, reply) => {
    const { id, username } = accountOf(request);
    const codes = await makeRecoveryCodes(deps.pool, id);
    request.log.info({ account: id }, 'recovery codes made');
    deps.notify(id, 'recovery codes made');
    return renderPage(reply, <NewCodesPage username={username} codes={codes} />);
  });
  // part of an authorization, like all of signing in, so it keeps the window's opener
  app.get(SIGN_IN, { onSend: keepOpener }, async (request, reply) => {
    const returnTo = localPath(queryOf(request).get('return_to'), deps.home);
    return renderPage(reply, <RecoverPage returnTo={returnTo} />);
  });
  app.post(SIGN_IN, { onSend: keepOpener }, async (request, reply) => recover(deps, request, reply));
}

async function recover(deps: AccountDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = formOf(request);
  const username = form.get('username') ?? '';
  const returnTo = localPath(form.get('return_to'), deps.home);
  const code = parseRecoveryCode(form.get('code') ?? '');
  const account = (await findAccount(deps.pool, parseUsername(username) ?? ''))?.account ?? null;
  const taken =
    account === null || code === null ? null : await takeRecoveryCode(deps.pool, { accountId: account.id, code });
  if (account === null || taken === null) {
    request.log.info({ outcome: 'wrong recovery code' }, 'sign-in refused');
    // only wrong codes are counted: a right one is the last way in, and never refused whatever others tried
    await deps.attempts.wrongRecoveryCode({ ip: request.ip });
    return renderPage(reply.code(400), <RecoverPage returnTo={returnTo} username={username} problem={WRONG} />);
  }
  await startSession(request, { account, generation: taken.generation, method: 'recovery code' });
  rememberBrowser({ request, reply }, account.username);
  request.log.info({ account: account.id }, 'signed in with a recovery code');
  deps.notify(account.id, 'recovery code used');
  return reply.redirect(returnTo === deps.home ? '/account?done=recovered' : returnTo, 303);
}

/** The same for a wrong code and for a username that does not exist. */
const WRONG = 'Username or recovery code is not right. Each code works once.';
