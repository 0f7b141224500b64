import { type Migration, pendingOf, type Pool, readMigrations } from '@chatelaine/postgres';
import type { FastifyInstance } from 'fastify';
import type { Draining } from '../run/drain.ts';

/** Checks something without which the service cannot serve; rejects if it is missing. */
export type ReadyCheck = () => Promise<unknown>;

export interface HealthOptions {
  /** Run on a timer; they may query the database, open keys or read files. */
  readonly checks: Readonly<Record<string, ReadyCheck>>;
  /** Known in memory, and read for each request. */
  readonly live: Readonly<Record<string, () => boolean>>;
  /** Seconds between two runs of the checks. */
  readonly everySeconds: number;
}

/** Default interval of the checks, in seconds. */
export const READY_EVERY_SECONDS = 1;

// a busy pool is not a missing database. With the interval between checks, a failure shows within three seconds
const CHECK_TIMEOUT_MS = 1_800;

/**
 * /healthz: the process runs. /readyz: it can serve, and is not shutting down. Anybody may ask any number of times, and
 * both are answered even while other requests are refused. So a request triggers no check: the answer is the result of
 * the last one.
 */
export function health(app: FastifyInstance, options: HealthOptions): void {
  // requested every few seconds, so successful requests are not logged
  const quiet = { logLevel: app.log.level === 'silent' ? 'silent' : 'warn' } as const;
  const missing = lookAgainAndAgain(app, options);
  app.get('/healthz', quiet, async (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ status: 'ok' }),
  );
  app.get('/readyz', quiet, async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    if (app.getDecorator<Draining>('draining').active) return reply.code(503).send({ status: 'draining' });
    const failing = Object.entries(options.live).flatMap(([name, isWell]) => (isWell() ? [] : [name]));
    const waitingFor = [...failing, ...missing()];
    return waitingFor.length === 0
      ? { status: 'ready' }
      : reply.code(503).send({ status: 'not ready', waiting_for: waitingFor });
  });
}

/**
 * Runs the checks once before the first request and then on a timer, never twice at once. Returns a function that names
 * those which failed last.
 */
function lookAgainAndAgain(app: FastifyInstance, { checks, everySeconds }: HealthOptions): () => readonly string[] {
  let missing: readonly string[] = Object.keys(checks);
  let reported = '';
  const look = async (): Promise<void> => {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => ({ name, failure: await failureOf(check) })),
    );
    const failed = results.filter(({ failure }) => failure !== null);
    missing = failed.map(({ name }) => name);
    // logged when the result changes, not after each check
    const found = missing.join(' ');
    if (found !== reported)
      for (const { name, failure } of failed) app.log.warn({ check: name, err: failure }, 'not ready');
    reported = found;
  };
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const again = (): void => {
    if (closed) return;
    timer = setTimeout(() => void look().finally(again), everySeconds * 1000);
    timer.unref();
  };
  app.addHook('onReady', async () => {
    await look();
    again();
  });
  app.addHook('onClose', async () => {
    closed = true;
    clearTimeout(timer);
  });
  return () => missing;
}

/**
 * Checks that the database has this process's migrations; it may, for example, have been restored from an older backup.
 */
export function migrationsApplied(pool: Pool, dirs: readonly string[]): ReadyCheck {
  let known: readonly Migration[] | null = null;
  return async () => {
    // they belong to the program that runs, so reading them once is enough
    known ??= await readMigrations([...dirs]);
    const [first] = await pendingOf(pool, known);
    if (first !== undefined) throw new Error(`Migration ${first} is not applied.`);
  };
}

async function failureOf(check: ReadyCheck): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('The check took too long.')), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([check(), late]);
    return null;
  } catch (failure) {
    return failure;
  } finally {
    clearTimeout(timer);
  }
}
