import { accountOf, createLimit, currentSessionHash, requireAccount } from '@chatelaine/accounts';
import { waitOnOthers, waitOnOthersOrHere } from '@chatelaine/service-kit';
import { notFound, Notice, queryOf, renderPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { neededScopes, type Service } from '../definitions/index.ts';
import type { Deps } from '../deps.ts';
import { findAccount, isReady, listAccounts } from '../upstream/index.ts';
import { begin } from './begin.ts';
import { disconnect } from './disconnect.ts';
import { finish } from './finish.ts';
import { DisconnectedPage, DisconnectPage, GoToServicePage, NotConnectedPage } from './pages.tsx';
import { ServicesPage, type ServiceView } from './services-page.tsx';

type ConnectionsDeps = Pick<Deps, 'config' | 'clock' | 'outbound' | 'pool' | 'vault' | 'skews' | 'log' | 'services'>;

/** Limited, because each attempt makes us call a service. */
const CONNECTS = { tries: 30, seconds: 3600 };

/** The pages on which people connect services: /services, and the way to a service and back. */
export function connectionPages(app: FastifyInstance, deps: ConnectionsDeps): void {
  const connects = createLimit(deps.pool, 'connect', CONNECTS);
  const signedIn = { preHandler: requireAccount };
  app.get('/services', signedIn, async (request, reply) => {
    const accounts = await listAccounts(deps, accountOf(request).id);
    const services = deps.services.map((service): ServiceView => {
      const account = accounts.find((one) => one.service === service.id);
      const asked = neededScopes(service);
      return {
        service,
        ready: isReady(deps, service),
        account:
          account === undefined ? null : { ...account, extra: account.granted.filter((one) => !asked.includes(one)) },
      };
    });
    const shown = services.toSorted((one, other) => rank(one) - rank(other));
    return renderPage(
      reply,
      <ServicesPage services={shown} issuer={deps.config.issuer} news={newsOf(deps, request)} />,
    );
  });
  app.post('/services/:service/connect', signedIn, async (request, reply) => {
    const service = serviceOf(deps, request);
    if (!isReady(deps, service)) throw notFound();
    const { id: owner } = accountOf(request);
    // counts no attempt, and uses up nothing that is good only once, while there is no capacity to call the service
    waitOnOthers({ owner });
    await connects.count(owner);
    const begun = await begin(deps, { service, owner, session: currentSessionHash(request) });
    if (begun.kind === 'begun') return renderPage(reply, <GoToServicePage service={service} goTo={begun.goTo} />);
    const finished = { kind: 'not_begun', sentence: begun.sentence } as const;
    return renderPage(reply.code(502), <NotConnectedPage service={service} finished={finished} />);
  });
  // a HEAD request would use up what only a browser's GET may use
  app.get('/services/:service/callback', { ...signedIn, exposeHeadRoute: false }, async (request, reply) => {
    const service = serviceOf(deps, request);
    if (!isReady(deps, service)) throw notFound();
    const { id: owner } = accountOf(request);
    waitOnOthers({ owner });
    const finished = await finish(deps, {
      service,
      owner,
      session: currentSessionHash(request),
      query: queryOf(request),
    });
    if (finished.kind === 'connected') return reply.redirect(`/services?connected=${service.id}`, 303);
    const reason = finished.kind === 'failed' ? finished.reason : undefined;
    request.log.info(
      { event: 'service_not_connected', service: service.id, outcome: finished.kind, reason },
      'not connected',
    );
    return renderPage(reply.code(400), <NotConnectedPage service={service} finished={finished} />);
  });
  app.get('/services/:service/disconnect', signedIn, async (request, reply) => {
    const service = serviceOf(deps, request);
    const account = await findAccount(deps, { owner: accountOf(request).id, service: service.id });
    if (account === null) throw notFound();
    return renderPage(reply, <DisconnectPage service={service} label={account.label} />);
  });
  app.post('/services/:service/disconnect', signedIn, async (request, reply) => {
    const service = serviceOf(deps, request);
    const { id: owner } = accountOf(request);
    waitOnOthersOrHere({ owner });
    const ended = await disconnect(deps, { service, owner, withdraw: app.chatelaine.withdraw });
    if (ended.kind === 'unknown') throw notFound();
    return renderPage(reply, <DisconnectedPage service={service} revoked={ended.revoked} />);
  });
}

function serviceOf({ services }: Pick<Deps, 'services'>, { params }: FastifyRequest): Service {
  const { service: id } = params as { service: string };
  const service = services.find((one) => one.id === id);
  if (service === undefined) throw notFound();
  return service;
}

function newsOf({ services }: Pick<Deps, 'services'>, request: FastifyRequest) {
  const connected = services.find(({ id }) => id === queryOf(request).get('connected'));
  return connected === undefined ? null : <Notice kind="good">{connected.title} is connected.</Notice>;
}

/** Sorts what is connected first, then what can be connected. */
const rank = ({ account, ready }: ServiceView): number => (account !== null ? 0 : ready ? 1 : 2);
