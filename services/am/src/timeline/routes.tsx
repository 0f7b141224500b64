import { accountOf, pageOf, pages, renderPage, requireAccount } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { entrySentence, transferSentence } from './sentences.ts';
import { readEntries, readTransfers } from './store.ts';
import { TimelinePage } from './timeline-page.tsx';

const LINES = 100;
/** So far back a page goes: each reads what is before it, too. */
const PAGES = 50;

/** What happened, for its owner to read. */
export async function timelineFeature(app: FastifyInstance, deps: Pick<Deps, 'pool'>): Promise<void> {
  await pages(app, async (scope) => {
    scope.get('/timeline', { preHandler: requireAccount }, async (request, reply) => {
      const page = Math.min(pageOf(request), PAGES);
      const latest = { ownerId: accountOf(request).id, most: page * LINES + 1 };
      const [entries, transfers] = await Promise.all([readEntries(deps, latest), readTransfers(deps, latest)]);
      const lines = [
        ...entries.map((entry) => ({ at: entry.at, sentence: entrySentence(entry) })),
        ...transfers.map((transfer) => ({ at: transfer.at, sentence: transferSentence(transfer) })),
      ].toSorted((a, b) => b.at.getTime() - a.at.getTime());
      const hasMore = lines.length > page * LINES && page < PAGES;
      const shown = lines.slice((page - 1) * LINES, page * LINES);
      return renderPage(reply, <TimelinePage lines={shown} page={{ path: '/timeline', page, hasMore }} />);
    });
  });
}
