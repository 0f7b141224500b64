import { accountOf, notFound, pages, renderPage, requireAccount } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { RequestersPage, StoppedPage } from './requesters-page.tsx';
import { readConnections, readEndedConnections, stopConnection, stopEverything } from './store.ts';

type RequestersDeps = Pick<Deps, 'pool' | 'prisma' | 'jobs' | 'log' | 'failpoint'>;
type ConnectionParams = { Params: { id: string } };

/** The owner's connections, and the ways to end them. What is ended is refused by every replica from the answer on: it is a row. PROTOCOL §7. */
export async function requestersFeature(app: FastifyInstance, deps: RequestersDeps): Promise<void> {
  await pages(app, async (scope) => {
    scope.addHook('preHandler', requireAccount);
    scope.get('/requesters', async (request, reply) => {
      const { id } = accountOf(request);
      const [connections, ended] = await Promise.all([readConnections(deps, id), readEndedConnections(deps, id)]);
      return renderPage(reply, <RequestersPage connections={connections} ended={ended} />);
    });
    scope.post<ConnectionParams>('/requesters/:id/stop', async (request, reply) => {
      const stopped = await stopConnection(deps, { id: request.params.id, ownerId: accountOf(request).id });
      if (stopped === 'unknown') throw notFound();
      await deps.failpoint('stop.committed');
      await deps.jobs.announceRevocations();
      return reply.redirect('/requesters', 303);
    });
    scope.post('/stop-everything', async (request, reply) => {
      const counts = await stopEverything(deps, accountOf(request).id);
      deps.log.info(
        { event: 'stopped_everything', ownerId: accountOf(request).id, ...counts },
        'an owner stopped everything',
      );
      await deps.jobs.announceRevocations();
      return renderPage(reply, <StoppedPage {...counts} />);
    });
  });
}
