import { setTimeout as pause } from 'node:timers/promises';

const PAUSE_MS = 50;
const SHOWN_LENGTH = 2_000;

/** Ends the waits of a test that has ended, by its time limit, say: nothing goes on behind the tests after it. */
let over = new AbortController();
// scripts wait, too, and have no tests
const { afterEach, afterAll } = globalThis as { afterEach?: Hook; afterAll?: Hook };
type Hook = (end: () => void) => void;
for (const hook of [afterEach, afterAll])
  hook?.(() => {
    over.abort();
    over = new AbortController();
  });

/** Waits for something to become true, looking again and again; resolves with what was seen then. Rejects after `withinMs` with what was waited for, and what was seen last. */
export async function eventually<T>(
  look: () => Promise<T>,
  { until, withinMs }: { until: (seen: T) => boolean; withinMs: number },
): Promise<T> {
  const { signal } = over;
  const begin = Date.now();
  for (;;) {
    const seen = await look();
    if (until(seen)) return seen;
    const waited = Date.now() - begin;
    if (signal.aborted || waited > withinMs) {
      const problem = `Not within ${waited} ms: ${String(until)}\nSeen last: ${shown(seen)}`;
      // nobody listens to its rejection any more
      if (signal.aborted) console.error(problem);
      throw new Error(problem);
    }
    await pause(PAUSE_MS);
  }
}

function shown(seen: unknown): string {
  const text = JSON.stringify(seen) ?? String(seen);
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}… (${text.length} characters)` : text;
}
