import { pendingMigrations, type Pool } from '@chatelaine/postgres';
import type { FastifyInstance } from 'fastify';
import type { Draining } from '../run/drain.ts';

/** A thing without which the service cannot serve; rejects when it is missing. */
export type ReadyCheck = () => Promise<unknown>;

export interface HealthOptions {
  /** What is looked after on a timer: may ask the database, open keys, read files. */
  readonly checks: Readonly<Record<string, ReadyCheck>>;
  /** What is known in memory, and is looked at whenever somebody asks. */
  readonly live: Readonly<Record<string, () => boolean>>;
  /** Seconds between two looks. */
  readonly everySeconds: number;
}

/** So often a process looks whether it can serve. */
export const READY_EVERY_SECONDS = 1;

// a busy pool is no missing database; with the time between two looks, what fails shows within three seconds
const CHECK_TIMEOUT_MS = 1_800;

/**
 * /healthz: the process runs. /readyz: it can serve, and is not on its way down. Anybody may ask, as often as they
 * like, and both are answered whatever else is refused: so nothing is done for a question, and the answer is what the
 * last look found.
 */
export function health(app: FastifyInstance, options: HealthOptions): void {
  // asked every few seconds: that it was asked is not worth a line
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
 * Looks once before the first request, and then on a timer, never twice at once. What it returns says what the last
 * look missed.
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
    // a line when it changes, not one for each look
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

/** That the database is the one this process was written for: not restored from before a migration, say. */
export function migrationsApplied(pool: Pool, dirs: readonly string[]): ReadyCheck {
  return async () => {
    const [first] = await pendingMigrations(pool, [...dirs]);
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
