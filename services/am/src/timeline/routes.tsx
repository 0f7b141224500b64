import { accountOf, pages, renderPage, requireAccount } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { entrySentence, transferSentence } from './sentences.ts';
import { readEntries, readTransfers } from './store.ts';
import { TimelinePage } from './timeline-page.tsx';

const MOST = 100;

/** What happened, for its owner to read. */
export async function timelineFeature(app: FastifyInstance, deps: Pick<Deps, 'pool'>): Promise<void> {
  await pages(app, async (scope) => {
    scope.get('/timeline', { preHandler: requireAccount }, async (request, reply) => {
      const page = { ownerId: accountOf(request).id, most: MOST };
      const [entries, transfers] = await Promise.all([readEntries(deps, page), readTransfers(deps, page)]);
      const lines = [
        ...entries.map((entry) => ({ at: entry.at, sentence: entrySentence(entry) })),
        ...transfers.map((transfer) => ({ at: transfer.at, sentence: transferSentence(transfer) })),
      ].toSorted((a, b) => b.at.getTime() - a.at.getTime());
      return renderPage(reply, <TimelinePage lines={lines.slice(0, MOST)} />);
    });
  });
}
