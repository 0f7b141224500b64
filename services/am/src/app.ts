import { startReaper } from '@chatelaine/oauth-server-pg';
import { createServer, migrationsApplied, observed, repeat, sessions, waitingOnOthers } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import { accountFeature } from './account/routes.ts';
import { createCombinedRegistration } from './combined-registration/combined-registration.ts';
import { reapHalves } from './combined-registration/host-half-store.ts';
import type { Deps } from './deps.ts';
import { createStockClients } from './stock-clients/stock-clients.tsx';
import { homeFeature } from './home/routes.tsx';
import { createHostGate } from './links/host-gate.ts';
import { linkingFeature } from './linking/routes.tsx';
import { reapAttempts } from './linking/attempt-store.ts';
import { questionsFeature } from './questions/routes.tsx';
import type { Config } from './config.ts';
import { createJobs } from './jobs/queue.ts';
import { oauthFeature } from './oauth/routes.tsx';
import { createServerDeps } from './oauth/server.ts';
import { connectionsFeature } from './connections/routes.tsx';
import { endDue, reapStops } from './connections/stop-store.ts';
import { reapUnfinished } from './connections/unfinished-store.ts';
import { observeHostCalls, observeRevocations, observeTransfers } from './metrics.ts';
import { migrationDirs, type Resources } from './resources.ts';
import { retain } from './retention/retention.ts';
import { targetsFeature } from './targets/routes.ts';
import { timelineFeature } from './timeline/routes.tsx';
import { closeLost } from './transfer/close-store.ts';
import { reapCallPlaces } from './transfer/batch/call-place-store.ts';
import { reapDeferrals } from './transfer/deferred/deferral-store.ts';
import { deferredGrant } from './transfer/deferred/deferred-grant.ts';
import { exchangeGrant } from './transfer/exchange-grant.ts';
import { batchFeature } from './transfer/batch/routes.ts';

const NAV = [
  { href: '/', label: 'Overview' },
  { href: '/asks', label: 'Questions' },
  { href: '/hosts', label: 'Hosts' },
  { href: '/requesters', label: 'Requesters' },
  { href: '/timeline', label: 'Timeline' },
];
const ABOUT =
  'It knows your Hosts and your Requesters, and asks Hosts for keys on your behalf, as far as you allow here. Your data never passes through it; every Host has the last word.';
const REAP_SECONDS = 60;
const RETAIN_SECONDS = 600;
const DUE_SECONDS = 2;
const RETAINING = 'dropping what was kept for its time';

/** Beyond the longest answer, a connection on which nothing happens is closed. */
const SPARE_MS = 10_000;

function longestAnswerMs({ limits }: Config): number {
  return 1_000 * Math.max(limits.hostCalls.hopSeconds, limits.batch.secondsPerCall);
}

/** The AM, whole: every feature is registered here, one line each. Closing the app closes its resources. */
export async function createApp(resources: Resources): Promise<FastifyInstance> {
  const { config, pool, prisma, keys, refreshKeys } = resources;
  const outbound = waitingOnOthers(resources.outbound);
  const seen = await observed({ config, name: 'am', pool });
  const { metrics } = seen;
  const app = await createServer({
    ...seen,
    issuer: config.issuer,
    timeouts: { connection: longestAnswerMs(config) + SPARE_MS },
    published: ['/jwks', '/clients/'], // a Host may read them before it answers a call of ours
    site: { name: config.name, role: 'Authorization Manager', accent: '#7a3e9d', about: ABOUT, nav: NAV },
    ready: {
      database: () => pool.query('select 1'),
      keys: () => keys.refresh(),
      migrations: migrationsApplied(pool, migrationDirs),
    },
  });
  const hostGate = observeHostCalls(metrics, createHostGate({ log: app.log, limits: config.limits.hostCalls }));
  observeRevocations(metrics, resources);
  const parts = { ...resources, outbound, hostGate, log: app.log, observe: observeTransfers(metrics) };
  const jobs = createJobs(parts);
  const { announceRevocations } = jobs;
  const transfers = { ...parts, announceRevocations };
  const grants = [exchangeGrant(transfers), deferredGrant(transfers)];
  const combinedRegistration = createCombinedRegistration(parts);
  const stockClients = createStockClients(transfers);
  const extensions = [combinedRegistration.extension, stockClients.extension];
  const server = createServerDeps(parts, { grants, extensions, announceRevocations });
  const deps: Deps = { ...parts, jobs, server };

  await app.register(sessions, { pool, name: 'am', key: resources.sessionKeys });
  await homeFeature(app, deps); //        the front page: what needs the owner, what they have, what was done with it
  await accountFeature(app, { ...deps, passwords: resources.passwords ?? {} }); // signing up, in and out
  await linkingFeature(app, deps); //     links: add a Host, its callback, who we are to Hosts
  await connectionsFeature(app, deps); // connections: who may ask for what; stopping one, and everything
  await questionsFeature(app, deps); //   questions to the owner
  await timelineFeature(app, deps); //    what happened
  await oauthFeature(app, { ...deps, combinedRegistration, stockClients }); // the authorization server that Requesters see: PAR, consent, token, …
  await targetsFeature(app, deps); //     what a connection may ask for
  await batchFeature(app, deps); //       many transfers in one call

  const reaped = { everySeconds: REAP_SECONDS, onError: (err: unknown) => app.log.warn({ err }, 'reaping failed') };
  const recovered = { ...reaped, everySeconds: config.recovery.everySeconds };
  const reaping = [
    startReaper(deps.server.storage, reaped),
    startReaper({ reap: () => reapAttempts(deps) }, reaped),
    startReaper({ reap: () => reapUnfinished(deps) }, reaped),
    startReaper({ reap: () => reapHalves(deps) }, reaped),
    startReaper({ reap: () => reapDeferrals(pool) }, reaped),
    startReaper({ reap: () => reapCallPlaces(pool) }, reaped),
    startReaper({ reap: () => reapStops(pool) }, reaped),
    startReaper({ reap: () => closeLost(pool, { olderThanSeconds: config.recovery.lostAfterSeconds }) }, recovered),
  ];
  const readKeys = () => Promise.all([keys.refresh(), refreshKeys.refresh()]);
  repeat(app, { everySeconds: config.keysReadEverySeconds, work: readKeys, what: 'reading the keys' });
  const endWhatIsDue = async () => {
    if ((await endDue(pool)) > 0) announceRevocations();
  };
  repeat(app, { everySeconds: DUE_SECONDS, work: endWhatIsDue, what: 'ending what is due' });
  repeat(app, { everySeconds: RETAIN_SECONDS, work: () => retain(deps), what: RETAINING });
  // at once as well: a process may not live until the first turn
  app.addHook('onReady', () => retain(deps).catch((err: unknown) => app.log.warn({ err }, `${RETAINING} failed`)));
  app.addHook('onReady', async () => jobs.start());
  app.addHook('onClose', async () => {
    for (const stopReaping of reaping) stopReaping();
    await jobs.stop();
    await outbound.close();
    await prisma.$disconnect();
    await pool.end();
  });
  return app;
}
