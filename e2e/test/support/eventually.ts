import { setTimeout as pause } from 'node:timers/promises';

const PAUSE_MS = 50;

/** Waits for something to become true, looking again and again, and says how long it took. Rejects after `withinMs` with what was seen last. */
export async function eventually<T>(
  look: () => Promise<T>,
  { until, withinMs }: { until: (seen: T) => boolean; withinMs: number },
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (until(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`Not within ${withinMs} ms; seen last: ${JSON.stringify(seen)}`);
    await pause(PAUSE_MS);
  }
}
