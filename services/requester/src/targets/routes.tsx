import { accountOf, renderPage, requireAccount } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { listConnections } from './list-connections.ts';
import { ConnectionsPage } from './targets-page.tsx';

/** Which Hosts each connection opens, as its AM says now. PROTOCOL §5. */
export function targets(app: FastifyInstance, deps: Pick<Deps, 'requester' | 'config'>): void {
  app.get('/connections', { preHandler: requireAccount }, async (request, reply) => {
    const connections = await listConnections(deps, accountOf(request).id);
    return renderPage(reply, <ConnectionsPage self={deps.config.issuer} connections={connections} />);
  });
}
