import type { FastifyInstance } from 'fastify';

const TICK_MS = 100;
/** How long a stall is remembered: a balancer asks every few seconds. */
const MEMORY_MS = 5_000;
const TOO_LATE_MS = 1_500;

/**
 * Whether this process runs, for /readyz: says no for some seconds after it stood still for one and a half, so that its
 * peers take over.
 */
export function watchEventLoop(app: FastifyInstance): () => boolean {
  // while it starts it may stand still: nobody waits for it yet
  let expected = Number.POSITIVE_INFINITY;
  let stalledAt = Number.NEGATIVE_INFINITY;
  const look = (): void => {
    const now = performance.now();
    if (now - expected > TOO_LATE_MS) stalledAt = now;
    expected = now + TICK_MS;
  };
  let timer: NodeJS.Timeout | undefined;
  app.addHook('onListen', async () => {
    expected = performance.now() + TICK_MS;
    timer = setInterval(look, TICK_MS);
    timer.unref();
  });
  app.addHook('onClose', async () => clearInterval(timer));
  return () => {
    // a stall that has just ended is seen here before the timer sees it
    if (performance.now() - expected > TOO_LATE_MS) stalledAt = performance.now();
    return performance.now() - stalledAt >= MEMORY_MS;
  };
}
