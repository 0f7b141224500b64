import { setTimeout as pause } from 'node:timers/promises';
import { patience } from './patience.ts';

const PAUSE_MS = 25;
const SHOWN_LENGTH = 2_000;

/** The test environment (jest/native-environment.cjs) calls it when a test, or the hooks around it, have ended. */
const ENDED = Symbol.for('chatelaine.test.ended');

/**
 * Ends the waits of a test that has ended, by a time limit for example, so that they do not continue during the next
 * ones.
 */
let over = new AbortController();
const ended = ((globalThis as Record<symbol, Set<() => void> | undefined>)[ENDED] ??= new Set());
ended.add(() => {
  over.abort();
  over = new AbortController();
});

export interface Waiting<T> {
  /** The condition; by default, that the value is neither null nor undefined nor false. */
  readonly until?: (seen: T) => boolean;
  /** The deadline on a quick machine; if the protocol says how long something may take, a few times that. */
  readonly seconds?: number;
}

type Seen<T, W> = W extends { until: unknown } ? T : Exclude<T, null | undefined | false>;

/**
 * Calls `look` until its value meets the condition, and resolves with that value. It waits for the event, however long
 * a slow machine takes; its deadline only ends a test that waits for something that never happens. At the deadline, or
 * when the test has ended, it rejects with what did not happen and the last value.
 */
export async function eventually<T, W extends Waiting<T>>(
  look: () => T | Promise<T>,
  waiting: W = {} as W,
): Promise<Seen<T, W>> {
  const { until = isThere, seconds } = waiting;
  const { signal } = over;
  const began = performance.now();
  const deadline = began + patience(seconds);
  for (;;) {
    const seen = await look();
    if (until(seen)) return seen as Seen<T, W>;
    const now = performance.now();
    if (signal.aborted || now > deadline) {
      const problem =
        `This did not come about in ${((now - began) / 1000).toFixed(1)} s: ` +
        `${String(waiting.until ?? look)}\nSeen last: ${shown(seen)}`;
      // nothing handles its rejection any more
      if (signal.aborted) console.error(problem);
      throw new Error(problem);
    }
    await pause(PAUSE_MS);
  }
}

const isThere = (seen: unknown): boolean => seen !== null && seen !== undefined && seen !== false;

function shown(seen: unknown): string {
  const text = JSON.stringify(seen) ?? String(seen);
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}… (${text.length} characters)` : text;
}
