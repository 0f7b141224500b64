import type { FastifyInstance } from 'fastify';

const TICK_MS = 100;
/** How long a stall counts: longer than the few seconds after which a load balancer asks again. */
const MEMORY_MS = 5_000;
const TOO_LATE_MS = 1_500;

/**
 * Whether this process is responsive, for /readyz. False for some seconds after its event loop has stood still for a
 * second and a half, so that other replicas take over.
 */
export function watchEventLoop(app: FastifyInstance): () => boolean {
  // it may stand still while it starts, since nobody sends requests yet
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
    // the timer may not have noticed a stall that has just ended
    if (performance.now() - expected > TOO_LATE_MS) stalledAt = performance.now();
    return performance.now() - stalledAt >= MEMORY_MS;
  };
}
