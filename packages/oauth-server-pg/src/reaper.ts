import type { OAuthStorage } from '@chatelaine/oauth-server';

/** Deletes rows past their time, now and then; every replica may run one. Returns how to stop it. */
export function startReaper(
  storage: Pick<OAuthStorage, 'reap'>,
  options: { everySeconds: number; onError: (error: unknown) => void },
): () => void {
  let running = false;
  const run = async (): Promise<void> => {
    // a slow database gets no second reaper from us
    if (running) return;
    running = true;
    await storage.reap().catch(options.onError);
    running = false;
  };
  const timer = setInterval(() => void run(), options.everySeconds * 1000);
  timer.unref();
  return () => clearInterval(timer);
}
