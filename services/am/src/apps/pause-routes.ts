import { accountOf } from '@chatelaine/accounts';
import { formOf, notFound, Problem } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { pauseApp, resumeApp } from '../connections/pause-store.ts';
import type { Deps } from '../deps.ts';
import { isPause, PAUSES } from './pause-app.tsx';

type PauseDeps = Pick<Deps, 'pool' | 'clock' | 'jobs'>;
type AppParams = { Params: { id: string } };

/** Pausing and resuming an app. PROTOCOL §7. */
export function pauseRoutes(scope: FastifyInstance, deps: PauseDeps): void {
  scope.post<AppParams>('/apps/:id/pause', async (request, reply) => {
    const { id } = request.params;
    const given = formOf(request).get('for');
    if (!isPause(given)) throw new Problem(400, 'Choose for how long it is to be paused. Nothing was changed.');
    const { seconds } = PAUSES[given];
    const until = seconds === null ? null : new Date((deps.clock.now() + seconds) * 1000);
    if ((await pauseApp(deps, { id, ownerId: accountOf(request).id, until })) === 'unknown') throw notFound();
    deps.jobs.announceRevocations();
    return back(reply, id);
  });
  scope.post<AppParams>('/apps/:id/resume', async (request, reply) => {
    const { id } = request.params;
    if ((await resumeApp(deps, { id, ownerId: accountOf(request).id })) === 'unknown') throw notFound();
    return back(reply, id);
  });
}

const back = (reply: FastifyReply, id: string): FastifyReply => reply.redirect(`/apps/${encodeURIComponent(id)}`, 303);
