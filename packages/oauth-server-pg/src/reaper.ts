import type { OAuthStorage } from '@chatelaine/oauth-server';

/** Deletes rows past their time, now and then; every replica may run one. Returns how to stop it. */
export function startReaper(
  storage: Pick<OAuthStorage, 'reap'>,
  options: { everySeconds: number; onError: (error: unknown) => void },
): () => void {
  const run = (): void => {
    storage.reap().catch(options.onError);
  };
  const timer = setInterval(run, options.everySeconds * 1000);
  timer.unref();
  return () => clearInterval(timer);
}
