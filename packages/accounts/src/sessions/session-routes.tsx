import { formOf, notFound, renderPage } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import { accountOf, requireAccount } from '../accounts/require-account.ts';
import type { AccountDeps } from '../deps.ts';
import { endOneSession, endOtherSessions, listSessions } from './own-sessions-store.ts';
import { SessionsPage } from './sessions-page.tsx';
import { currentSessionHash, endSession, lifetimeOf } from './sessions.ts';

const PAGE = '/account/sessions';

/** /account/sessions: where somebody is signed in. Ending a session does not require authenticating again. */
export function sessionRoutes(app: FastifyInstance, { pool }: Pick<AccountDeps, 'pool'>): void {
  app.get(PAGE, { preHandler: requireAccount }, async (request, reply) => {
    const { id: accountId } = accountOf(request);
    const current = currentSessionHash(request);
    const sessions = await listSessions(pool, { accountId, current, lifetime: lifetimeOf(request) });
    return renderPage(reply, <SessionsPage sessions={sessions} />);
  });
  app.post(`${PAGE}/end`, { preHandler: requireAccount }, async (request, reply) => {
    const { id: accountId } = accountOf(request);
    const id = formOf(request).get('session') ?? '';
    const own = id === currentSessionHash(request).toString('hex');
    if (!(await endOneSession(pool, { accountId, id }))) throw notFound();
    request.log.info({ account: accountId }, 'a session was ended');
    if (!own) return reply.redirect(PAGE, 303);
    await endSession(request, reply);
    return reply.redirect('/', 303);
  });
  app.post(`${PAGE}/end-others`, { preHandler: requireAccount }, async (request, reply) => {
    const { id: accountId } = accountOf(request);
    const ended = await endOtherSessions(pool, { accountId, current: currentSessionHash(request) });
    request.log.info({ account: accountId, ended }, 'other sessions were ended');
    return reply.redirect(PAGE, 303);
  });
}
