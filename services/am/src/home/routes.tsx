import { currentAccount, pages, renderPage } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { readEndedLinks, readOwnLinks } from '../hosts/hosts-store.ts';
import { readWaitingAsks } from '../inbox/waiting-store.ts';
import { readConnections, readEndedConnections } from '../requesters/store.ts';
import { transferSentence } from '../timeline/sentences.ts';
import { readTransfers } from '../timeline/store.ts';
import { HomePage, LandingPage } from './home-page.tsx';

const RECENT = 10;

/** The front page. */
export async function homeFeature(app: FastifyInstance, deps: Pick<Deps, 'config' | 'pool' | 'prisma'>): Promise<void> {
  await pages(app, async (scope) => {
    scope.get('/', async (request, reply) => {
      const account = currentAccount(request);
      if (account === null) return renderPage(reply, <LandingPage name={deps.config.name} />);
      const ownerId = account.id;
      const [asks, links, connections, recent, endedConnections, endedLinks] = await Promise.all([
        readWaitingAsks(deps, ownerId),
        readOwnLinks(deps, ownerId),
        readConnections(deps, ownerId),
        readTransfers(deps, { ownerId, most: RECENT }),
        readEndedConnections(deps, ownerId),
        readEndedLinks(deps, ownerId),
      ]);
      const transfers = recent.map((transfer) => ({ at: transfer.at, sentence: transferSentence(transfer) }));
      const ended = { connections: endedConnections, links: endedLinks };
      const view = { issuer: deps.config.issuer, asks, links, connections, transfers, ended };
      return renderPage(reply, <HomePage {...view} />);
    });
  });
}
