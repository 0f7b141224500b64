import { pendingMigrations } from '@chatelaine/migrations';
import type { FastifyInstance } from 'fastify';
import type { Pool } from '../postgres/pool.ts';
import type { Draining } from '../run/drain.ts';

/** A thing without which the service cannot serve; rejects when it is missing. */
export type ReadyCheck = () => Promise<unknown>;

// a busy pool is no missing database; balancers wait for two seconds
const CHECK_TIMEOUT_MS = 1_800;

/** /healthz: the process runs. /readyz: it can serve, and is not on its way down. */
export function health(app: FastifyInstance, checks: Readonly<Record<string, ReadyCheck>>): void {
  // asked every few seconds: that it was asked is not worth a line
  const quiet = { logLevel: app.log.level === 'silent' ? 'silent' : 'warn' } as const;
  app.get('/healthz', quiet, async (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ status: 'ok' }),
  );
  app.get('/readyz', quiet, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    if (app.getDecorator<Draining>('draining').active) return reply.code(503).send({ status: 'draining' });
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => ({ name, failure: await failureOf(check) })),
    );
    const failed = results.filter(({ failure }) => failure !== null);
    for (const { name, failure } of failed) request.log.warn({ check: name, err: failure }, 'not ready');
    return failed.length === 0
      ? { status: 'ready' }
      : reply.code(503).send({ status: 'not ready', waiting_for: failed.map(({ name }) => name) });
  });
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
