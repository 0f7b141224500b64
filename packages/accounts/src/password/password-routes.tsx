import { formOf, renderPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { passwordProblem } from '../accounts/password.ts';
import { accountOf, signInUrl } from '../accounts/require-account.ts';
import type { AccountDeps } from '../deps.ts';
import { requireFresh } from '../fresh/require-fresh.ts';
import { currentSessionHash, startSession } from '../sessions/sessions.ts';
import { changePassword } from './change-store.ts';
import { PasswordPage } from './password-page.tsx';

const PAGE = '/account/password';

/** /account/password */
export function passwordRoutes(app: FastifyInstance, deps: AccountDeps): void {
  const fresh = { preHandler: requireFresh(deps, PAGE) };
  app.get(PAGE, fresh, async (request, reply) =>
    renderPage(reply, <PasswordPage username={accountOf(request).username} />),
  );
  app.post(PAGE, fresh, async (request, reply) => change(deps, request, reply));
}

async function change(deps: AccountDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const account = accountOf(request);
  const password = formOf(request).get('password') ?? '';
  const problem = passwordProblem(password, account.username);
  if (problem !== null)
    return renderPage(reply.code(400), <PasswordPage username={account.username} problem={problem} />);
  const passwordHash = await deps.passwords.hash(password);
  const session = currentSessionHash(request);
  const changed = await changePassword(deps.pool, { accountId: account.id, session, passwordHash });
  if (changed.kind === 'session ended') return reply.redirect(signInUrl(PAGE), 303);
  await startSession(request, { account, generation: changed.generation, method: 'password' });
  request.log.info({ account: account.id }, 'password changed');
  deps.notify(account.id, 'password changed');
  return reply.redirect('/account?done=password', 303);
}
