import { accountOf, requireAccount } from '@chatelaine/accounts';
import { answersLate } from '@chatelaine/service-kit';
import { afterOf, ENTRIES_A_PAGE, formOf, notFound, pages, queryOf, renderPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { stopApp, stopConnection, stopEverything } from '../connections/store.ts';
import type { Deps } from '../deps.ts';
import { endedLinkKeySchema, readEndedLinks } from '../linking/ended-links-store.ts';
import { couldSign, readAppTerms } from '../terms/app-terms.tsx';
import { type AddableAccount, readAdditions } from './addable.ts';
import { AddPage } from './add-page.tsx';
import { addScopes, readAddable } from './add-store.ts';
import { AppPage } from './app-page.tsx';
import { type OwnApp, readApp } from './app-store.ts';
import { AppsPage } from './apps-page.tsx';
import { EndedAppPage } from './ended-app-page.tsx';
import { endedAppKeySchema, readEndedApp, readEndedApps } from './ended-store.ts';
import { EndsPage, type EndsView } from './ends-page.tsx';
import { keyRoutes } from './key-routes.tsx';
import { appKeySchema, readApps } from './list-store.ts';
import { nameRoutes } from './name-app.tsx';
import { pauseRoutes } from './pause-routes.ts';
import { ruleRoutes } from './rule-routes.tsx';
import { readRulesForm } from './rules-form.ts';
import { changeRules } from './rules-store.ts';
import { stale } from './stale.ts';
import { readPauseStatus } from './revocation-status-store.ts';

type AppsDeps = Pick<Deps, 'config' | 'clock' | 'pool' | 'jobs' | 'log' | 'failpoint' | 'terms'>;
const most = ENTRIES_A_PAGE;
type AppRequest = FastifyRequest<{ Params: { id: string } }>;
type AppParams = { Params: { id: string } };

/**
 * The owner's apps, and how to stop them. An app is a client, however many connections it has; its page is found by the
 * id of any of them. Once a stop has been answered, every replica refuses what it ended, because that is a row in the
 * database. PROTOCOL §7.
 */
export async function appsFeature(app: FastifyInstance, deps: AppsDeps): Promise<void> {
  await pages(app, async (scope) => {
    scope.addHook('preHandler', requireAccount);
    scope.get('/apps', async (request, reply) => {
      const ownerId = accountOf(request).id;
      const after = afterOf(request, { name: 'after', schema: appKeySchema });
      const [apps, ended] = await Promise.all([
        readApps(deps, { ownerId, after, most }),
        after === null ? readEndedApps(deps, { ownerId, after: null, most }) : null,
      ]);
      return renderPage(reply, <AppsPage issuer={deps.config.issuer} after={after} apps={apps} ended={ended} />);
    });
    scope.get<AppParams>('/apps/:id', async (request, reply) => show(deps, request, reply));
    scope.post<AppParams>('/apps/:id/rules', async (request, reply) => change(deps, request, reply));
    ruleRoutes(scope, deps);
    nameRoutes(scope, deps);
    pauseRoutes(scope, deps);
    keyRoutes(scope, deps);
    scope.get<AppParams>('/apps/:id/add', async (request, reply) => {
      const { app, accounts } = await offered(deps, request);
      return renderPage(reply, <AddPage app={app} accounts={accounts} />);
    });
    scope.post<AppParams>('/apps/:id/add', async (request, reply) => add(deps, request, reply));
    scope.post<AppParams>('/apps/:id/stop', async (request, reply) => end(deps, request, reply, stopApp));
    scope.post<AppParams>('/apps/:id/end-connection', async (request, reply) =>
      end(deps, request, reply, stopConnection),
    );
    scope.post('/stop-everything', async (request, reply) => {
      // ending thousands of connections can take long on a slow machine
      answersLate(request);
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

async function ends(deps: AppsDeps, request: FastifyRequest): Promise<EndsView> {
  const ownerId = accountOf(request).id;
  const app = afterOf(request, { name: 'apps', schema: endedAppKeySchema });
  if (app !== null) return { kind: 'apps', after: app, apps: await readEndedApps(deps, { ownerId, after: app, most }) };
  const link = afterOf(request, { name: 'links', schema: endedLinkKeySchema });
  if (link !== null) {
    return { kind: 'links', after: link, links: await readEndedLinks(deps, { ownerId, after: link, most }) };
  }
  const latest = { ownerId, after: null, most };
  const [apps, links] = await Promise.all([readEndedApps(deps, latest), readEndedLinks(deps, latest)]);
  return { kind: 'latest', apps, links };
}

/** A live app with its rules; or one that was stopped, with the status of its revocation at Hosts. */
async function show(deps: AppsDeps, request: AppRequest, reply: FastifyReply): Promise<FastifyReply> {
  const of = { id: request.params.id, ownerId: accountOf(request).id };
  const [app, ended] = await Promise.all([readApp(deps, of), readEndedApp(deps, of)]);
  if (app !== null) {
    const query = queryOf(request);
    const saved = (['saved', 'named'] as const).find((one) => query.has(one)) ?? null;
    const [terms, pauseStatus] = await Promise.all([
      readAppTerms(deps, { ...of, clientName: app.clientName, canSign: couldSign(app) }),
      readPauseStatus(deps, { ownerId: of.ownerId, clientId: app.clientId }),
    ]);
    return renderPage(reply, <AppPage {...{ app, ended, saved, terms, pauseStatus }} />);
  }
  if (ended === null) throw notFound();
  const terms = await readAppTerms(deps, { ...of, clientName: ended.clientName, canSign: false });
  return renderPage(reply, <EndedAppPage ended={ended} terms={terms} />);
}

async function end(
  deps: AppsDeps,
  request: AppRequest,
  reply: FastifyReply,
  stop: typeof stopApp | typeof stopConnection,
): Promise<FastifyReply> {
  const { id } = request.params;
  const stopped = await stop(deps, { id, ownerId: accountOf(request).id });
  if (stopped === 'unknown') throw notFound();
  await deps.failpoint('stop.committed');
  deps.jobs.announceRevocations();
  return reply.redirect(`/apps/${encodeURIComponent(id)}`, 303);
}

async function offered(deps: AppsDeps, request: AppRequest): Promise<{ app: OwnApp; accounts: AddableAccount[] }> {
  const ownerId = accountOf(request).id;
  const app = await readApp(deps, { id: request.params.id, ownerId });
  if (app === null) throw notFound();
  return { app, accounts: await readAddable(deps, { ownerId, clientId: app.clientId }) };
}

async function add(deps: AppsDeps, request: AppRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { app, accounts } = await offered(deps, request);
  const read = readAdditions(app, accounts, formOf(request));
  const here = `/apps/${encodeURIComponent(request.params.id)}`;
  if (read.kind === 'stale') throw stale(`${here}/add`);
  if (read.kind === 'nothing')
    return renderPage(reply.code(400), <AddPage app={app} accounts={accounts} problem={NOTHING} />);
  const whose = { ownerId: accountOf(request).id, clientId: app.clientId };
  const added = await addScopes(deps, { ...whose, added: read.added });
  switch (added.kind) {
    case 'added':
      return reply.redirect(`${here}?saved=yes`, 303);
    case 'second account':
      return renderPage(
        reply.code(400),
        <AddPage app={app} accounts={accounts} problem={secondAccount(added.hostName)} />,
      );
    case 'stale':
      throw stale(`${here}/add`);
  }
}

const secondAccount = (hostName: string): string =>
  `Choose from one account at ${hostName} only: with a connection, ` +
  'an app uses one account at each service. Nothing was added.';
const NOTHING = 'Choose at least one thing that it may ask for, or go back.';

async function change(deps: AppsDeps, request: AppRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id } = request.params;
  const ownerId = accountOf(request).id;
  const app = await readApp(deps, { id, ownerId });
  if (app === null) throw notFound();
  const read = readRulesForm(app, formOf(request));
  const next = `/apps/${encodeURIComponent(id)}`;
  if (read.kind === 'stale') throw stale(next);
  const { clientId } = app;
  const { changed } = read;
  if (changed.length > 0 && !(await changeRules(deps, { clientId, ownerId, changed }))) throw stale(next);
  return reply.redirect(`${next}?saved=yes`, 303);
}
