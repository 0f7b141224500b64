/**
 * The part of the interval after which the work is first done, so that it is done at all in processes that live for
 * less than an interval.
 */
const FIRST_AFTER = 1 / 6;

/**
 * Does `work` repeatedly and never twice at once: the next run starts `everySeconds` after the last one has ended. A
 * run that fails is reported to `onError`. The timer does not keep the process alive. Returns a function that stops it.
 */
export function startRepeating(
  work: () => Promise<unknown>,
  { everySeconds, onError }: { everySeconds: number; onError: (error: unknown) => void },
): () => void {
  let timer: NodeJS.Timeout | null = null;
  const after = (seconds: number): void => {
    timer = setTimeout(() => {
      // scheduled only once this run has ended, so that a slow database does not get a second one
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
