import { Readable } from 'node:stream';
import { accountOf, requireAccount, requireFresh } from '@chatelaine/accounts';
import { answersLate } from '@chatelaine/service-kit';
import { afterOf, formOf, notFound, pages, Problem, queryOf, renderPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { countDays } from './asked-store.ts';
import { readChoices } from './choices-store.ts';
import { drawnDays } from './days.tsx';
import { exportedActivity, FORMATS } from './export.ts';
import { choicesOf, KeepPage } from './keep-page.tsx';
import { keepFor, readKept } from './keep-store.ts';
import { type Filter, readFilter, readFolding } from './filter.ts';
import { historyKeySchema, readLines } from './history.ts';
import { TimelinePage, type TimelineView } from './timeline-page.tsx';
import { explain } from './why-store.ts';
import { WhyPage } from './why-page.tsx';

type TimelineDeps = Pick<Deps, 'pool' | 'clock'> & { readonly config: Pick<Deps['config'], 'retention'> };

const KEEP = '/timeline/keep';

/** What happened, for its owner to read, filter and export. */
export async function timelineFeature(app: FastifyInstance, deps: TimelineDeps): Promise<void> {
  await pages(app, async (scope) => {
    scope.addHook('preHandler', requireAccount);
    scope.get('/timeline', async (request, reply) => {
      const [query, { id: ownerId }] = [queryOf(request), accountOf(request)];
      const [filter, folding] = [readFilter(query), readFolding(query)];
      const after = afterOf(request, { name: 'after', schema: historyKeySchema });
      const [lines, choices, days] = await Promise.all([
        readLines(deps, { ownerId, filter, folding, after }),
        readChoices(deps, ownerId),
        drawn(deps, { ownerId, filter }),
      ]);
      const today = dayOf(deps.clock.now());
      return renderPage(reply, <TimelinePage {...{ filter, folding, after, lines, choices, days, today }} />);
    });
    // deleted activity is gone: somebody who finds a browser signed in must not be able to hide what they did
    const fresh = { preHandler: requireFresh(deps, KEEP) };
    const { transferDays: asked, timelineDays: entry } = deps.config.retention;
    scope.get(KEEP, fresh, async (request, reply) => {
      const kept = await readKept(deps, accountOf(request).id);
      return renderPage(reply, <KeepPage kept={kept} most={{ asked, entry }} />);
    });
    scope.post(KEEP, fresh, async (request, reply) => {
      const days = readDays(formOf(request).get('days'), choicesOf({ asked, entry }));
      await keepFor(deps, { ownerId: accountOf(request).id, days });
      return reply.redirect(KEEP, 303);
    });
    scope.get<{ Params: { id: string } }>('/timeline/:id', async (request, reply) => {
      const explained = await explain(deps, { ownerId: accountOf(request).id, id: request.params.id });
      if (explained === null) throw notFound();
      return renderPage(reply, <WhyPage explained={explained} />);
    });
    scope.post('/timeline/export', async (request, reply) => exportIt(deps, request, reply));
  });
}

function readDays(given: string | undefined, choices: readonly number[]): number | null {
  if (given === '') return null;
  const days = choices.find((one) => String(one) === given);
  if (days === undefined) throw new Problem(400, 'Choose one of the times that are offered.');
  return days;
}

async function drawn(
  deps: TimelineDeps,
  { ownerId, filter }: { ownerId: string; filter: Filter },
): Promise<TimelineView['days']> {
  if (filter.outcome === 'decided') return null;
  const narrowed = drawnDays(filter, deps.clock.now());
  return { counts: await countDays(deps, { ownerId, filter: narrowed }), from: narrowed.from, to: narrowed.to };
}

function exportIt(deps: TimelineDeps, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const given = formOf(request).get('format');
  if (given !== 'csv' && given !== 'json') throw new Problem(400, 'Choose CSV or JSON.');
  const { id: ownerId } = accountOf(request);
  answersLate(request);
  const content = exportedActivity(deps, { ownerId, filter: readFilter(queryOf(request)), format: given });
  const file = Readable.from(content, { objectMode: false });
  file.once('error', (err) => request.log.warn({ err, account: ownerId }, 'an export was cut off'));
  request.log.info({ account: ownerId }, 'activity exported');
  const day = dayOf(deps.clock.now());
  return reply
    .type(FORMATS[given].type)
    .headers({ 'cache-control': 'no-store', 'content-disposition': `attachment; filename="activity-${day}.${given}"` })
    .send(file);
}

const dayOf = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);
