import { openPool } from '@chatelaine/postgres';
import type { Deps, Jobs } from '../deps.ts';
import { fetchIcon } from '../icons/fetch-icon.ts';
import { claimIcons } from '../icons/icon-store.ts';
import type { FinishLinkDeps } from '../linking/finish-link.ts';
import { resumeLink } from '../linking/resume-links.ts';
import { claimUnsettled } from '../linking/unsettled-store.ts';
import { claimRevocations } from './revocation-store.ts';
import { revokeAtHost } from './revoke-at-host.ts';
import { startWorker, type Worker } from './worker.ts';

export type JobsDeps = FinishLinkDeps & Pick<Deps, 'log' | 'linksSeen' | 'live' | 'outbound'>;

export interface RunningJobs extends Jobs {
  /** Starts taking work. */
  readonly start: () => void;
  /** Finishes the work in progress. */
  readonly stop: () => Promise<void>;
}

/** Jobs at once. They mostly wait for Hosts; one Host never gets more than its own limit, see links/turn-store. */
const REVOCATIONS_AT_ONCE = { prompt: 60, slow: 20 };
/** Each is one short fetch and one short process. */
const ICONS_AT_ONCE = { prompt: 2, slow: 0 };
const LINKS_AT_ONCE = { prompt: 10, slow: 5 };

/**
 * A separate pool, so that revocations reach Hosts whatever requests do to the other one. The queue is usually empty
 * and suddenly long: a plan cannot rely on statistics from a minute ago, so every query uses the indexes made for it.
 */
const DATABASE = {
  name: 'am-jobs',
  max: 4,
  settings: {
    plan_cache_mode: 'force_generic_plan',
    enable_seqscan: 'off',
    enable_bitmapscan: 'off',
    enable_hashjoin: 'off',
    enable_mergejoin: 'off',
    enable_sort: 'off',
    jit: 'off',
  },
};

/**
 * What the AM does in the background: revocations at Hosts for connections and links that have ended (PROTOCOL §7),
 * authorization codes of Hosts whose answer was lost (§2.2), and the icons of apps. The rows themselves are the queue,
 * and any number of processes may work on it. docs/adr/0014
 */
export function createJobs(given: JobsDeps): RunningJobs {
  const { config, log } = given;
  const pool = openPool({ ...DATABASE, url: config.databaseUrl, patience: config.databasePatience });
  const deps = { ...given, pool };
  const workers: { revocations?: Worker; links?: Worker; icons?: Worker } = {};
  return {
    // before the start and during the stop nothing is notified: some process finds the work when it next looks
    announceRevocations: () => workers.revocations?.wake(),
    start() {
      workers.revocations = startWorker({
        atOnce: REVOCATIONS_AT_ONCE,
        everySeconds: config.jobs.everySeconds,
        claim: (free) => claimRevocations(deps, free),
        settle: (due) => revokeAtHost(deps, due),
        onError: (err) => log.warn({ err }, 'revocations could not be processed'),
      });
      workers.links = startWorker({
        atOnce: LINKS_AT_ONCE,
        everySeconds: config.recovery.everySeconds,
        claim: (free) => claimUnsettled(deps, { free, againAfterSeconds: config.recovery.resumeLinksAfterSeconds }),
        settle: (attempt) => resumeLink(deps, attempt),
        onError: (err) => log.warn({ err }, 'an unfinished link could not be resolved'),
      });
      workers.icons = startWorker({
        atOnce: ICONS_AT_ONCE,
        everySeconds: config.jobs.everySeconds,
        claim: async ({ prompt }) => (await claimIcons(deps, prompt)).map((icon) => ({ ...icon, slow: false })),
        settle: (icon) => fetchIcon(deps, icon),
        onError: (err) => log.warn({ err }, 'an icon could not be fetched'),
      });
    },
    async stop() {
      await Promise.all([workers.revocations?.stop(), workers.links?.stop(), workers.icons?.stop()]);
      await pool.end();
    },
  };
}
