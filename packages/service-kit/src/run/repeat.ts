import { startRepeating } from '@chatelaine/postgres';
import type { FastifyInstance } from 'fastify';

export interface Repeated {
  readonly everySeconds: number;
  readonly work: () => Promise<unknown>;
  /** Named in the log when it fails; the next run tries again. */
  readonly what: string;
}

/** Does work repeatedly while the app is up, and never twice at once. */
export function repeat(app: FastifyInstance, { everySeconds, work, what }: Repeated): void {
  let stop = (): void => undefined;
  app.addHook('onReady', async () => {
    stop = startRepeating(work, { everySeconds, onError: (err) => app.log.warn({ err }, `${what} failed`) });
  });
  app.addHook('onClose', async () => stop());
}
