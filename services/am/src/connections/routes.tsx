import {
  accountOf,
  afterOf,
  ENTRIES_A_PAGE,
  formOf,
  notFound,
  pages,
  Problem,
  queryOf,
  renderPage,
  requireAccount,
} from '@chatelaine/service-kit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { endedLinkKeySchema, readEndedLinks } from '../linking/ended-links-store.ts';
import { ConnectionPage, EndedConnectionPage } from './connection-page.tsx';
import { endedConnectionKeySchema, readEndedConnection, readEndedConnections } from './ended-store.ts';
import { EndsPage, type EndsView } from './ends-page.tsx';
import { connectionKeySchema, readConnection, readConnections } from './live-store.ts';
import { RequestersPage } from './requesters-page.tsx';
import { readRulesForm } from './rules-form.ts';
import { changeRules } from './rules-store.ts';
import { stopConnection, stopEverything } from './store.ts';

type ConnectionsDeps = Pick<Deps, 'config' | 'pool' | 'prisma' | 'jobs' | 'log' | 'failpoint'>;
const most = ENTRIES_A_PAGE;
type ConnectionParams = { Params: { id: string } };

/** The owner's connections, and the ways to end them. What is ended is refused by every replica from the answer on: it is a row. PROTOCOL §7. */
export async function connectionsFeature(app: FastifyInstance, deps: ConnectionsDeps): Promise<void> {
  await pages(app, async (scope) => {
    scope.addHook('preHandler', requireAccount);
    scope.get('/requesters', async (request, reply) => {
      const ownerId = accountOf(request).id;
      const after = afterOf(request, { name: 'after', schema: connectionKeySchema });
      const [connections, ended] = await Promise.all([
        readConnections(deps, { ownerId, after, most }),
        after === null ? readEndedConnections(deps, { ownerId, after: null, most }) : null,
      ]);
      const view = { issuer: deps.config.issuer, after, connections, ended };
      return renderPage(reply, <RequestersPage {...view} />);
    });
    scope.get<ConnectionParams>('/requesters/:id', async (request, reply) => show(deps, request, reply));
    scope.post<ConnectionParams>('/requesters/:id/rules', async (request, reply) => change(deps, request, reply));
    scope.post<ConnectionParams>('/requesters/:id/stop', async (request, reply) => {
      const { id } = request.params;
      const stopped = await stopConnection(deps, { id, ownerId: accountOf(request).id });
      if (stopped === 'unknown') throw notFound();
      await deps.failpoint('stop.committed');
      deps.jobs.announceRevocations();
      return reply.redirect(`/requesters/${encodeURIComponent(id)}`, 303);
    });
    scope.post('/stop-everything', async (request, reply) => {
      const counts = await stopEverything(deps, accountOf(request).id);
      deps.log.info(
        { event: 'stopped_everything', ownerId: accountOf(request).id, ...counts },
        'an owner stopped everything',
      );
      deps.jobs.announceRevocations();
      return reply.redirect('/ends', 303);
    });
    scope.get('/ends', async (request, reply) => renderPage(reply, <EndsPage view={await ends(deps, request)} />));
  });
}

async function ends(deps: ConnectionsDeps, request: FastifyRequest): Promise<EndsView> {
  const ownerId = accountOf(request).id;
  const connection = afterOf(request, { name: 'connections', schema: endedConnectionKeySchema });
  if (connection !== null) {
    const connections = await readEndedConnections(deps, { ownerId, after: connection, most });
    return { kind: 'connections', after: connection, connections };
  }
  const link = afterOf(request, { name: 'links', schema: endedLinkKeySchema });
  if (link !== null) {
    return { kind: 'links', after: link, links: await readEndedLinks(deps, { ownerId, after: link, most }) };
  }
  const latest = { ownerId, after: null, most };
  const [connections, links] = await Promise.all([readEndedConnections(deps, latest), readEndedLinks(deps, latest)]);
  return { kind: 'latest', connections, links };
}

type ConnectionRequest = FastifyRequest<ConnectionParams>;

/** A live connection with its rules, or an ended one with what its Hosts know. */
async function show(deps: ConnectionsDeps, request: ConnectionRequest, reply: FastifyReply): Promise<FastifyReply> {
  const of = { id: request.params.id, ownerId: accountOf(request).id };
  const connection = await readConnection(deps, of);
  if (connection !== null) {
    const saved = queryOf(request).has('saved') ? 'saved' : null;
    return renderPage(reply, <ConnectionPage connection={connection} saved={saved} />);
  }
  const ended = await readEndedConnection(deps, of);
  if (ended === null) throw notFound();
  return renderPage(reply, <EndedConnectionPage ended={ended} />);
}

async function change(deps: ConnectionsDeps, request: ConnectionRequest, reply: FastifyReply): Promise<FastifyReply> {
  const of = { id: request.params.id, ownerId: accountOf(request).id };
  const connection = await readConnection(deps, of);
  if (connection === null) throw notFound();
  const read = readRulesForm(connection, formOf(request));
  const next = `/requesters/${connection.id}`;
  if (read.kind === 'stale') throw stale(next);
  if (read.changed.length > 0 && !(await changeRules(deps, { ...of, changed: read.changed }))) throw stale(next);
  return reply.redirect(`${next}?saved=yes`, 303);
}

function stale(href: string): Problem {
  return new Problem(
    409,
    'What this Requester is shown has changed since you opened the page, so nothing was saved. Open it again and choose anew.',
    { title: 'Not saved', next: { href, label: 'Open it again' } },
  );
}
