import { currentAccount, pages, renderPage } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { readOwnLinks } from '../linking/hosts-store.ts';
import { readWaitingAsks } from '../questions/waiting-store.ts';
import { readUntold } from '../connections/ended-store.ts';
import { readConnections } from '../connections/live-store.ts';
import { transferSentence } from '../timeline/sentences.ts';
import { readTransfers } from '../timeline/store.ts';
import { HomePage, LandingPage, SHOWN } from './home-page.tsx';

const RECENT = 10;

/** The front page. */
export async function homeFeature(app: FastifyInstance, deps: Pick<Deps, 'config' | 'pool'>): Promise<void> {
  await pages(app, async (scope) => {
    scope.get('/', async (request, reply) => {
      const account = currentAccount(request);
      if (account === null) return renderPage(reply, <LandingPage name={deps.config.name} />);
      const ownerId = account.id;
      const first = { ownerId, after: null, most: SHOWN };
      const [asks, links, connections, recent, untold] = await Promise.all([
        readWaitingAsks(deps, first),
        readOwnLinks(deps, first),
        readConnections(deps, first),
        readTransfers(deps, { ownerId, before: null, most: RECENT }),
        readUntold(deps, ownerId),
      ]);
      const transfers = recent.map((transfer) => ({ at: transfer.at, sentence: transferSentence(transfer) }));
      const view = { issuer: deps.config.issuer, asks, links, connections, transfers, untold };
      return renderPage(reply, <HomePage {...view} />);
    });
  });
}
