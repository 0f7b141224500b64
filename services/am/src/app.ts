import { ping } from '@chatelaine/postgres';
import { sessions } from '@chatelaine/accounts';
import { createServer, migrationsApplied, observed, repeat, waitingOnOthers } from '@chatelaine/service-kit';
import { apiDocs, pages, showNeeds } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import { accountFeature } from './account/routes.ts';
import { appsFeature } from './apps/routes.tsx';
import { createCombinedRegistration } from './combined-registration/combined-registration.ts';
import { reapPendingLinks } from './combined-registration/pending-link-store.ts';
import { makeCheckpoints } from './checkpoints/make-checkpoints.ts';
import type { Deps } from './deps.ts';
import { CONSENT_STYLES } from './consent/style.ts';
import { readsWants } from './consent/wants.ts';
import { createStockClients } from './stock-clients/stock-clients.tsx';
import { needsOf } from './home/needs-store.ts';
import { homeFeature } from './home/routes.tsx';
import { HOME_STYLES } from './home/style.ts';
import { fetchesIcons } from './icons/icon-of.ts';
import { reapIcons } from './icons/icon-store.ts';
import { iconsFeature } from './icons/routes.ts';
import { openLive } from './live/live.ts';
import { CHANGES, liveFeature } from './live/routes.ts';
import { createHostGate, watchLinks } from './links/host-gate.ts';
import { linkingFeature } from './linking/routes.tsx';
import { reapAttempts } from './linking/attempt-store.ts';
import { rulebookFeature } from './rulebook/routes.tsx';
import { questionsFeature } from './questions/routes.tsx';
import type { Config } from './config.ts';
import { createJobs } from './jobs/queue.ts';
import { noticesFeature } from './notices/routes.tsx';
import { oauthFeature } from './oauth/routes.tsx';
import { createServerDeps } from './oauth/server.ts';
import { endDue, reapStops } from './connections/stop-store.ts';
import { reapUnfinished } from './connections/unfinished-store.ts';
import { observeCircuits, observeHostCalls, observeRevocations, observeTransfers } from './metrics.ts';
import { migrationDirs, type Resources } from './resources.ts';
import { refusalsFeature } from './refusals/routes.ts';
import { retain } from './retention/retention.ts';
import { agreementsFeature } from './agreements/routes.ts';
import { targetsFeature } from './targets/routes.ts';
import { openTerms } from './terms/documents.ts';
import { termsFeature } from './terms/routes.tsx';
import { timelineFeature } from './timeline/routes.tsx';
import { closeLost } from './transfer/close-store.ts';
import { reapCallSlots } from './transfer/batch/call-slot-store.ts';
import { reapDeferrals } from './transfer/deferred/deferral-store.ts';
import { deferredGrant } from './transfer/deferred/deferred-grant.ts';
import { exchangeGrant } from './transfer/exchange-grant.ts';
import { batchFeature } from './transfer/batch/routes.ts';

const NAV = [
  { href: '/', label: 'Home' },
  { href: '/apps', label: 'Apps' },
  { href: '/hosts', label: 'Services' },
  { href: '/rules', label: 'Rules' },
  { href: '/terms', label: 'Terms' },
  { href: '/timeline', label: 'Activity' },
];
const ABOUT =
  'It knows your apps and your services, and asks services for keys on your behalf, as far as you allow here. ' +
  'Your data never passes through it; every service has the last word.';
const REAP_SECONDS = 60;
const RETAIN_SECONDS = 600;
const RETAINING = 'dropping what was kept for its time';

/** Longer than the longest answer: after this, an idle connection is closed. */
const SPARE_MS = 10_000;

function longestAnswerMs({ limits }: Config): number {
  return 1_000 * Math.max(limits.hostCalls.hopSeconds, limits.batch.secondsPerCall);
}

/**
 * The whole AM: every feature is registered here, one line each. A transfer is one of the `grants`:
 * `transfer/transfer.ts` lists its steps, and `transfer/decide.ts` decides it. Closing the app closes its resources.
 */
export async function createApp(resources: Resources): Promise<FastifyInstance> {
  const { config, pool, prisma, keys, refreshKeys, pushKeys } = resources;
  const outbound = waitingOnOthers(resources.outbound);
  const seen = await observed({ config, name: 'am', pool });
  const { metrics } = seen;
  const app = await createServer({
    ...seen,
    issuer: config.issuer,
    timeouts: { connection: longestAnswerMs(config) + SPARE_MS },
    published: ['/jwks', '/clients/'], // a Host may read them before it answers a call of ours
    site: {
      name: config.name,
      role: 'Authorization Manager',
      accent: '#7a3e9d',
      about: ABOUT,
      nav: NAV,
      navAtFoot: true,
      changes: CHANGES,
      styles: [CONSENT_STYLES, HOME_STYLES].join('\n'),
    },
    ready: {
      database: () => ping(pool),
      keys: () => keys.refresh(),
      migrations: migrationsApplied(pool, migrationDirs),
    },
  });
  const { hostCalls: limits } = config.limits;
  const linksSeen = watchLinks(resources);
  // links/: calls to Hosts, each behind a circuit breaker and a limit of its own
  const hostGate = createHostGate({ log: app.log, limits, observe: observeHostCalls(metrics) });
  observeCircuits(metrics, hostGate);
  observeRevocations(metrics, resources);
  const terms = await openTerms(resources);
  const live = openLive({ ...resources, log: app.log });
  const parts = {
    ...resources,
    terms,
    live,
    outbound,
    hostGate,
    linksSeen,
    log: app.log,
    observe: { transfer: observeTransfers(metrics) },
  };
  const jobs = createJobs(parts); // revocations at Hosts until they confirm, and links whose outcome is open
  const { announceRevocations } = jobs;
  const transfers = { ...parts, announceRevocations };
  // transfer/: hop 1, by token exchange or, after a question to the owner, by polling
  const grants = [exchangeGrant(transfers), deferredGrant(transfers)];
  // for a Requester that is also a Host: its connection and its link, by one consent
  const combinedRegistration = createCombinedRegistration(parts);
  // for OAuth clients that know nothing of AMs: a Host's token for an ordinary code
  const stockClients = createStockClients(transfers);
  const extensions = [combinedRegistration.extension, stockClients.extension, readsWants(config), fetchesIcons(parts)];
  const server = createServerDeps(parts, { grants, extensions, announceRevocations });
  const deps: Deps = { ...parts, jobs, server };

  await app.register(sessions, { pool, name: 'am', key: resources.sessionKeys });
  showNeeds(app, async (request) => needsOf(deps, request));
  await homeFeature(app, deps); //        the front page: what needs the owner, what they have, and what happened
  await accountFeature(app, { ...deps, passwords: resources.passwords ?? {} }); // signing up, in and out
  await linkingFeature(app, deps); //     services: adding one, its callback, our client documents at Hosts
  await appsFeature(app, deps); //        apps: who may ask for what; stopping one, or everything
  await iconsFeature(app, deps); //       the icons that pages show for apps
  await rulebookFeature(app, deps); //    the owner's rules, and a trial of what they lead to
  await questionsFeature(app, deps); //   questions to the owner
  await liveFeature(app, { ...deps, live }); // tells open pages that something has changed
  await noticesFeature(app, { ...deps, pushKeys }); // notifies owners while they are away
  await termsFeature(app, deps); //       what apps are asked to sign, and what they signed
  await timelineFeature(app, deps); //    what happened
  // the authorization server that Requesters see: PAR, authorization (its page is in consent/), token, revocation
  await oauthFeature(app, { ...deps, combinedRegistration, stockClients });
  await targetsFeature(app, deps); //     what a connection may ask for
  await agreementsFeature(app, deps); //  the terms proffered to a connection, and its answer
  await batchFeature(app, deps); //       many transfers in one call
  await refusalsFeature(app, deps); //    why a request was refused

  await pages(app, async (scope) => apiDocs(scope)); // for developers: /docs

  const reap = (work: () => Promise<unknown>, everySeconds = REAP_SECONDS) =>
    repeat(app, { everySeconds, work, what: 'reaping' });
  reap(() => deps.server.storage.reap());
  reap(() => reapAttempts(deps));
  reap(() => reapUnfinished(deps));
  reap(() => reapPendingLinks(deps));
  reap(() => reapDeferrals(pool));
  reap(() => reapCallSlots(pool));
  reap(() => reapStops(pool));
  reap(() => reapIcons(deps));
  const { dueEverySeconds, seenEverySeconds } = config.jobs;
  const { everySeconds, lostAfterSeconds } = config.recovery;
  reap(() => closeLost(pool, { olderThanSeconds: lostAfterSeconds }), everySeconds);
  const readKeys = () => Promise.all([keys.refresh(), refreshKeys.refresh(), pushKeys.refresh()]);
  repeat(app, { everySeconds: config.keysReadEverySeconds, work: readKeys, what: 'reading the keys' });
  const endWhatIsDue = async () => {
    if ((await endDue(pool)) > 0) announceRevocations();
  };
  repeat(app, { everySeconds: dueEverySeconds, work: endWhatIsDue, what: 'ending what is due' });
  repeat(app, { everySeconds: seenEverySeconds, work: () => linksSeen.store(), what: 'noting which Hosts answer' });
  const chain = () => makeCheckpoints(deps, config.checkpoints);
  repeat(app, { everySeconds: config.checkpoints.everySeconds, work: chain, what: 'making checkpoints of activity' });
  repeat(app, { everySeconds: RETAIN_SECONDS, work: () => retain(deps), what: RETAINING });
  // also at once: a process may not live until the first run
  app.addHook('onReady', () => retain(deps).catch((err: unknown) => app.log.warn({ err }, `${RETAINING} failed`)));
  app.addHook('onReady', async () => jobs.start());
  app.addHook('onClose', async () => {
    await jobs.stop();
    await live.close();
    await outbound.close();
    await prisma.$disconnect();
    await pool.end();
  });
  return app;
}
