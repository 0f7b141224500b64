import { type JobResult, PgBoss } from 'pg-boss';
import type { Jobs } from '../deps.ts';
import { pendingRevocations, queueSchema } from './revocation-store.ts';
import { tellHost, type TellHostDeps } from './tell-host.ts';

const REVOCATION = 'revocation';

/** A Host that is up hears of an end within a poll; one that comes back, within the longest pause between tries. PROTOCOL §7. */
const POLL_SECONDS = 1;
const FIRST_RETRY_SECONDS = 1;
const LONGEST_RETRY_SECONDS = 30;
/** A process that died with a job in hand loses it after this long; looked for this often. */
const HELD_AT_MOST_SECONDS = 12;
const SUPERVISE_SECONDS = 5;
const SWEEP_SECONDS = 5;
const KEEP_DONE_SECONDS = 3600;
/** Batches under way at once: one full of a slow Host's jobs leaves the others free. */
const WORKERS = 4;
const BATCH = 25;

export interface RunningJobs extends Jobs {
  /** Takes up work; needs the role's own `<role>_jobs` schema. */
  readonly start: () => Promise<void>;
  /** Finishes what is in hand. */
  readonly stop: () => Promise<void>;
}

/**
 * The durable queue, in a schema of its own. The table `revocation` is the truth: a job only carries an id, there is one at most for each, and
 * a sweep makes those that a dying process did not. Any number of processes may run it on one database.
 */
export async function createJobs(deps: TellHostDeps): Promise<RunningJobs> {
  const { log, config } = deps;
  const boss = new PgBoss({
    connectionString: config.databaseUrl,
    application_name: 'am-jobs',
    max: WORKERS,
    schema: await queueSchema(deps),
    createSchema: false,
    schedule: false,
    superviseIntervalSeconds: SUPERVISE_SECONDS,
    monitorIntervalSeconds: SUPERVISE_SECONDS,
    registerInstance: false,
    openTelemetry: { enabled: false },
  });
  boss.on('error', (error) => log.warn({ err: error }, 'the queue'));
  boss.on('warning', (warning) => log.warn({ event: 'queue_warning', message: warning.message }, 'the queue'));
  const workers: string[] = [];
  let sweep: NodeJS.Timeout | undefined;

  const announceRevocations = async (): Promise<void> => {
    if (workers.length === 0) return; // not up yet, or going down: the sweep of any process finds them
    for await (const ids of pendingRevocations(deps)) {
      // the queue's policy keeps one per key: what is waiting or under way already stays as it is
      await boss.insert(
        REVOCATION,
        ids.map((id) => ({ data: { id }, singletonKey: id })),
      );
    }
    for (const worker of workers) boss.notifyWorker(worker);
  };
  const announce = (): Promise<void> =>
    announceRevocations().catch((error: unknown) =>
      log.warn({ err: error }, 'revocations not announced; the next sweep will'),
    );

  return {
    announceRevocations: announce,
    async start() {
      await boss.start();
      await boss.createQueue(REVOCATION, QUEUE);
      await boss.updateQueue(REVOCATION, QUEUE_SETTINGS);
      for (let worker = 0; worker < WORKERS; worker++) workers.push(await work(boss, deps));
      await announce();
      sweep = setInterval(() => void announce(), SWEEP_SECONDS * 1000);
    },
    async stop() {
      clearInterval(sweep);
      workers.length = 0;
      await boss.stop({ graceful: true, timeout: HELD_AT_MOST_SECONDS * 1000 });
    },
  };
}

const QUEUE_SETTINGS = {
  expireInSeconds: HELD_AT_MOST_SECONDS,
  retryLimit: 1_000_000, // the row says when to give up
  retryDelay: FIRST_RETRY_SECONDS,
  retryBackoff: true,
  retryDelayMax: LONGEST_RETRY_SECONDS,
  deleteAfterSeconds: KEEP_DONE_SECONDS,
};
const QUEUE = { ...QUEUE_SETTINGS, policy: 'exclusive' };

function work(boss: PgBoss, deps: TellHostDeps): Promise<string> {
  const options = {
    batchSize: BATCH,
    pollingIntervalSeconds: POLL_SECONDS,
    burstWhenBatchFull: true,
    perJobResults: true,
  } as const;
  return boss.work<{ id: string }, JobResult[], typeof options>(REVOCATION, options, (jobs) =>
    Promise.all(jobs.map(async (job) => ({ id: job.id, status: await attempt(deps, job.data.id) }))),
  );
}

/** `failed` puts the job back for later. */
async function attempt(deps: TellHostDeps, id: string): Promise<'completed' | 'failed'> {
  try {
    return (await tellHost(deps, id)) === 'done' ? 'completed' : 'failed';
  } catch (error) {
    deps.log.warn({ err: error, revocationId: id }, 'a revocation could not be worked on');
    return 'failed';
  }
}
