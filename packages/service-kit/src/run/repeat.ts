import type { FastifyInstance } from 'fastify';

export interface Repeated {
  readonly everySeconds: number;
  readonly work: () => Promise<unknown>;
  /** For the log, when it fails: it is tried again next time. */
  readonly what: string;
}

/** Of the interval, for the first time: what a process that never lives for the whole of it must do as well. */
const FIRST_AFTER = 1 / 6;

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
    const again = (): void => void (timer = setInterval(() => void turn(), everySeconds * 1000).unref());
    timer = setTimeout(
      () => {
        again();
        void turn();
      },
      everySeconds * FIRST_AFTER * 1000,
    ).unref();
  });
  app.addHook('onClose', async () => clearInterval(timer));
}
