/** Passes on items in order to one reader, and holds those not yet read. */
export interface Arrivals<T> extends AsyncIterable<T> {
  push(value: T): void;
  /** There will be no more items. */
  end(): void;
  /** The reader's iteration throws this at once; items not yet read are dropped. */
  fail(error: unknown): void;
}

export function createArrivals<T>(): Arrivals<T> {
  const held: T[] = [];
  let state: { kind: 'open' } | { kind: 'ended' } | { kind: 'failed'; error: unknown } = { kind: 'open' };
  let wake = Promise.withResolvers<void>();
  const change = (next: typeof state): void => {
    if (state.kind === 'open') state = next;
    wake.resolve();
  };
  return {
    push(value) {
      held.push(value);
      wake.resolve();
    },
    end: () => change({ kind: 'ended' }),
    fail: (error) => change({ kind: 'failed', error }),
    async *[Symbol.asyncIterator]() {
      for (;;) {
        wake = Promise.withResolvers();
        if (state.kind === 'failed') throw state.error;
        const next = held.splice(0, 1);
        yield* next;
        if (next.length > 0) continue;
        if (state.kind === 'ended') return;
        await wake.promise;
      }
    },
  };
}

/** Runs a task for each item, at most so many at a time. */
export async function eachAtMost<T>(max: number, items: readonly T[], task: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) await task(item);
  };
  await Promise.all(Array.from({ length: Math.min(max, items.length) }, worker));
}
