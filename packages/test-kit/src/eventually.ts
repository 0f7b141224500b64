import { setTimeout as pause } from 'node:timers/promises';

const PAUSE_MS = 25;
/** Less than a test may take, so that it says itself what it waited for in vain. */
const WITHIN_SECONDS = 20;

/** Ends the waits of a test that has ended, by its time limit, say: nothing goes on behind the tests after it. */
let over = new AbortController();
type Hook = (end: () => void) => void;
// programs import this package, too, and have no tests
const { afterEach, afterAll } = globalThis as { afterEach?: Hook; afterAll?: Hook };
for (const hook of [afterEach, afterAll])
  hook?.(() => {
    over.abort();
    over = new AbortController();
  });

/** Looks again and again until there is something to see: neither null, nor undefined, nor false. Rejects when the time is up, or the test that waits is over. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  seconds: number = WITHIN_SECONDS,
): Promise<Exclude<T, null | undefined | false>> {
  const { signal } = over;
  const began = performance.now();
  for (;;) {
    const seen = await look();
    if (seen !== null && seen !== undefined && seen !== false) return seen as Exclude<T, null | undefined | false>;
    const waited = (performance.now() - began) / 1000;
    if (signal.aborted || waited > seconds)
      throw new Error(`This did not come about in ${waited.toFixed(1)} s: ${String(look)}`);
    await pause(PAUSE_MS);
  }
}
