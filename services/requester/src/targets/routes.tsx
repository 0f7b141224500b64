import { accountOf, requireAccount } from '@chatelaine/accounts';
import { waitOnOthers } from '@chatelaine/service-kit';
import { renderPage } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { listConnections } from './list-connections.ts';
import { ConnectionsPage } from './targets-page.tsx';

/** Which Hosts each connection opens, as its AM says now. PROTOCOL §5. */
export function targets(app: FastifyInstance, deps: Pick<Deps, 'requester' | 'config'>): void {
  app.get('/connections', { preHandler: requireAccount }, async (request, reply) => {
    const { id: owner } = accountOf(request);
    waitOnOthers({ owner });
    const connections = await listConnections(deps, owner);
    return renderPage(reply, <ConnectionsPage self={deps.config.issuer} connections={connections} />);
  });
}
