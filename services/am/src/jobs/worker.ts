import { AsyncLocalStorage } from 'node:async_hooks';
import type { Free } from '../links/turn-store.ts';

export interface Work<Job extends { readonly slow: boolean }> {
  /** Jobs in progress at once in this process. */
  readonly atOnce: Free;
  /** How often to look for work without being notified. */
  readonly everySeconds: number;
  /** Claims no more jobs than there is room for; no other process gets them for a while. */
  readonly claim: (free: Free) => Promise<readonly Job[]>;
  /** Does a job, and returns when its outcome is stored; an unfinished job is claimed again later. */
  readonly settle: (job: Job) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

export interface Worker {
  /** Looks for work now. */
  wake(): void;
  /** Claims nothing more, and resolves when the work in progress has finished. */
  stop(): Promise<void>;
}

/** Claims jobs as slots become free. Each runs by itself: none waits for another. */
export function startWorker<Job extends { readonly slow: boolean }>(work: Work<Job>): Worker {
  // the caller that wakes the worker is not the one it works for: jobs must not run in the caller's async context
  const apart = AsyncLocalStorage.snapshot();
  const busy = { prompt: 0, slow: 0 };
  const underWay = new Set<Promise<void>>();
  let looking: Promise<void> | null = null;
  let again = false;
  let stopped = false;

  const begin = (job: Job): void => {
    const lane = job.slow ? 'slow' : 'prompt';
    busy[lane] += 1;
    const settled = work
      .settle(job)
      .catch(work.onError)
      .finally(() => {
        busy[lane] -= 1;
        underWay.delete(settled);
        wake();
      });
    underWay.add(settled);
  };
  const look = async (): Promise<void> => {
    const free = { prompt: work.atOnce.prompt - busy.prompt, slow: work.atOnce.slow - busy.slow };
    if (free.prompt + free.slow === 0) return;
    for (const job of await work.claim(free)) begin(job);
  };
  const wake = (): void => {
    again = true;
    if (looking !== null || stopped) return;
    again = false;
    looking = apart(look)
      .catch(work.onError)
      .finally(() => {
        looking = null;
        if (again) wake();
      });
  };

  wake();
  const timer = setInterval(wake, work.everySeconds * 1000);
  return {
    wake,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await looking;
      await Promise.all(underWay);
    },
  };
}
