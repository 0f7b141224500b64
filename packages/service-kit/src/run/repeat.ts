import type { FastifyInstance } from 'fastify';

export interface Repeated {
  readonly everySeconds: number;
  readonly work: () => Promise<unknown>;
  /** For the log, when it fails: it is tried again next time. */
  readonly what: string;
}

/** Does something again and again while the app is up, never twice at once. */
export function repeat(app: FastifyInstance, { everySeconds, work, what }: Repeated): void {
  let busy = false;
  const turn = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      await work();
    } catch (err) {
      app.log.warn({ err }, `${what} failed`);
    } finally {
      busy = false;
    }
  };
  let timer: NodeJS.Timeout | undefined;
  app.addHook('onReady', async () => {
    timer = setInterval(() => void turn(), everySeconds * 1000);
    timer.unref();
  });
  app.addHook('onClose', async () => clearInterval(timer));
}
