import { accountOf, afterOf, ENTRIES_A_PAGE, pages, renderPage, requireAccount } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { historyKeySchema, readHistory } from './history.ts';
import { TimelinePage } from './timeline-page.tsx';

/** What happened, for its owner to read. */
export async function timelineFeature(app: FastifyInstance, deps: Pick<Deps, 'pool'>): Promise<void> {
  await pages(app, async (scope) => {
    scope.get('/timeline', { preHandler: requireAccount }, async (request, reply) => {
      const after = afterOf(request, { name: 'after', schema: historyKeySchema });
      const lines = await readHistory(deps, { ownerId: accountOf(request).id, after, most: ENTRIES_A_PAGE });
      return renderPage(reply, <TimelinePage after={after} lines={lines} />);
    });
  });
}
