/** Of the interval, for the first time: what a process that never lives for the whole of it must do as well. */
const FIRST_AFTER = 1 / 6;

/**
 * Does something again and again, never twice at once: the next time is `everySeconds` after the last one ended. What
 * fails is tried again next time. Keeps no process alive. Returns how to stop it.
 */
export function startRepeating(
  work: () => Promise<unknown>,
  { everySeconds, onError }: { everySeconds: number; onError: (error: unknown) => void },
): () => void {
  let timer: NodeJS.Timeout | null = null;
  const after = (seconds: number): void => {
    timer = setTimeout(() => {
      // the next only after this one: a slow database is not asked twice by us
      void work()
        .catch(onError)
        .then(() => timer !== null && after(everySeconds));
    }, seconds * 1000).unref();
  };
  after(everySeconds * FIRST_AFTER);
  return () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  };
}
