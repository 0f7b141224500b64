import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/** Whether a server is on its way down; /readyz tells the balancer. */
export interface Draining {
  active: boolean;
  /** Aborts when it begins. */
  readonly begun: AbortController;
}

/** Does something at once when a server begins to go down: before what is in flight is waited for. */
export function onDrain(app: FastifyInstance, work: () => void): void {
  app.getDecorator<Draining>('draining').begun.signal.addEventListener('abort', work, { once: true });
  // one that is closed without being drained
  app.addHook('preClose', async () => work());
}

export interface DrainOptions {
  /** How long /readyz says 503 while requests are still taken, so that a balancer notices; default 0. */
  noticeMs?: number;
  /** How long requests in flight may take; then their connections are cut. Default 10 000. */
  graceMs?: number;
}

/**
 * Takes a server down in order: not ready, no new connections, requests in flight finished, onClose hooks (pools,
 * timers) run.
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
