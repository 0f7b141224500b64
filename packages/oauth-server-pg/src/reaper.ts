import type { OAuthStorage } from '@chatelaine/oauth-server';

/** Of the interval, for the first time: a process that never lives for the whole of it reaps, too. */
const FIRST_AFTER = 1 / 6;

/** Deletes rows past their time, now and then; every replica may run one. Returns how to stop it. */
export function startReaper(
  storage: Pick<OAuthStorage, 'reap'>,
  { everySeconds, onError }: { everySeconds: number; onError: (error: unknown) => void },
): () => void {
  let timer: NodeJS.Timeout | null = null;
  const reapAfter = (seconds: number): void => {
    timer = setTimeout(() => {
      // the next only after this one: a slow database gets no second reaper from us
      void storage
        .reap()
        .catch(onError)
        .then(() => timer !== null && reapAfter(everySeconds));
    }, seconds * 1000).unref();
  };
  reapAfter(everySeconds * FIRST_AFTER);
  return () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  };
}
