import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/** Whether a server is shutting down, as /readyz tells the load balancer. */
export interface Draining {
  active: boolean;
  /** Aborted when the shutdown begins. */
  readonly begun: AbortController;
}

/** Runs `work` when a server begins to shut down, before requests in flight are waited for. */
export function onDrain(app: FastifyInstance, work: () => void): void {
  app.getDecorator<Draining>('draining').begun.signal.addEventListener('abort', work, { once: true });
  // for an app that is closed without being drained
  app.addHook('preClose', async () => work());
}

export interface DrainOptions {
  /**
   * Milliseconds for which /readyz answers 503 while requests are still accepted, so that a load balancer notices; 0 by
   * default.
   */
  noticeMs?: number;
  /** Milliseconds after which the connections of requests in flight are closed; 10,000 by default. */
  graceMs?: number;
}

/**
 * Shuts a server down in order: it becomes not ready, refuses new connections, finishes requests in flight, and runs
 * its onClose hooks (pools, timers).
 */
export async function drain(app: FastifyInstance, options: DrainOptions = {}): Promise<void> {
  const { noticeMs = 0, graceMs = 10_000 } = options;
  const draining = app.getDecorator<Draining>('draining');
  draining.active = true;
  draining.begun.abort();
  if (noticeMs > 0) await sleep(noticeMs);
  const cut = setTimeout(() => app.server.closeAllConnections(), graceMs);
  try {
    await app.close();
  } finally {
    clearTimeout(cut);
  }
}
