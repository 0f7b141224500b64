import { accountOf, currentSessionHash, liveSessionsOf, requireAccount } from '@chatelaine/accounts';
import { answersLate, releaseSlot, onDrain, repeat } from '@chatelaine/service-kit';
import { pages, Problem } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import type { OpenLive } from './live.ts';

/** The stream on which open pages learn that something of their owner's has changed. */
export const CHANGES = '/changes';

/** Retry-After for a page that was not let in; until then it refreshes by itself. */
const COME_BACK_SECONDS = 30;

/**
 * A stream for each open and visible page. It ends with its session, and when the process stops; the browser then
 * reconnects by itself, to another process.
 */
export async function liveFeature(
  app: FastifyInstance,
  { pool, config, live }: Pick<Deps, 'pool' | 'config'> & { live: OpenLive },
): Promise<void> {
  const { streams } = live;
  await pages(app, async (scope) => {
    scope.get(CHANGES, { preHandler: requireAccount, logLevel: 'warn' }, async (request, reply) => {
      const isReconnecting = request.headers['last-event-id'] !== undefined;
      const opened = streams.open({
        ownerId: accountOf(request).id,
        session: currentSessionHash(request),
        isReconnecting,
      });
      if (opened.kind !== 'open') {
        const { status, sentence } = REFUSED[opened.kind];
        throw new Problem(status, sentence, { retryAfter: COME_BACK_SECONDS });
      }
      releaseSlot(request);
      answersLate(request);
      return reply
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .type('text/event-stream')
        .send(opened.stream);
    });
  });
  onDrain(app, streams.close);
  const liveSessions = liveSessionsOf(app, pool);
  repeat(app, {
    everySeconds: config.live.beatSeconds,
    work: () => streams.beat(liveSessions),
    what: 'looking whose pages are open',
  });
}

const REFUSED = {
  full: { status: 429, sentence: 'Too many pages listen already.' },
  closed: { status: 503, sentence: 'This server is going down.' },
} as const;
