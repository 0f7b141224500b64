import { currentAccount } from '@chatelaine/accounts';
import { pages, renderPage } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { readOwnLinks } from '../linking/hosts-store.ts';
import { readWaitingAsks } from '../questions/waiting-store.ts';
import { readUnconfirmed } from '../apps/ended-store.ts';
import { type Board, readBoard } from '../apps/board-store.ts';
import { countDays, readAsked } from '../timeline/asked-store.ts';
import { drawnDays } from '../timeline/days.tsx';
import { EVERYTHING } from '../timeline/filter.ts';
import { askedSentence } from '../timeline/sentences.ts';
import { HomePage, type HomeView, LandingPage, SHOWN } from './home-page.tsx';
import { newsOf } from './news.ts';
import { readUses, type Uses } from './uses-store.ts';

const RECENT = 10;

type HomeDeps = Pick<Deps, 'pool' | 'clock'> & {
  readonly config: Pick<Deps['config'], 'name' | 'issuer' | 'retention'>;
};

/** The front page. */
export async function homeFeature(app: FastifyInstance, deps: HomeDeps): Promise<void> {
  await pages(app, async (scope) => {
    scope.get('/', async (request, reply) => {
      const account = currentAccount(request);
      if (account === null) return renderPage(reply, <LandingPage name={deps.config.name} />);
      return renderPage(reply, <HomePage {...(await viewOf(deps, account.id))} />);
    });
  });
}

async function viewOf(deps: HomeDeps, ownerId: string): Promise<HomeView> {
  const { config, clock } = deps;
  const first = { ownerId, after: null, most: SHOWN };
  const drawn = drawnDays(EVERYTHING, clock.now());
  const [asks, links, [board, uses], recent, unconfirmed, counts] = await Promise.all([
    readWaitingAsks(deps, first),
    readOwnLinks(deps, first),
    boardOf(deps, ownerId),
    readAsked(deps, { ownerId, filter: EVERYTHING, before: null, most: RECENT }),
    readUnconfirmed(deps, ownerId),
    countDays(deps, { ownerId, filter: drawn }),
  ]);
  const { keptDays } = uses;
  return {
    issuer: config.issuer,
    asks,
    links,
    board,
    uses,
    news: newsOf(board.apps, uses.of, { now: clock.now() * 1000, keptDays }),
    days: { counts, from: drawn.from, to: drawn.to },
    transfers: recent.rows.map((asked) => ({ at: asked.at, sentence: askedSentence(asked) })),
    unconfirmed,
  };
}

async function boardOf(deps: HomeDeps, ownerId: string): Promise<[Board, Uses]> {
  const board = await readBoard(deps, ownerId);
  const clientIds = board.apps.map(({ clientId }) => clientId);
  return [board, await readUses(deps, { ownerId, clientIds, keptDays: deps.config.retention.transferDays })];
}
