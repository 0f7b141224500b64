import { startRepeating } from '@chatelaine/postgres';
import type { FastifyInstance } from 'fastify';

export interface Repeated {
  readonly everySeconds: number;
  readonly work: () => Promise<unknown>;
  /** For the log, when it fails: it is tried again next time. */
  readonly what: string;
}

/** Does something again and again while the app is up, never twice at once. */
export function repeat(app: FastifyInstance, { everySeconds, work, what }: Repeated): void {
  let stop = (): void => undefined;
  app.addHook('onReady', async () => {
    stop = startRepeating(work, { everySeconds, onError: (err) => app.log.warn({ err }, `${what} failed`) });
  });
  app.addHook('onClose', async () => stop());
}
