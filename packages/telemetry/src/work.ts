import { AsyncLocalStorage } from 'node:async_hooks';
import type { TraceContext } from './traceparent.ts';
import type { Tracing } from './tracing.ts';

/** The request that is being served here. */
export interface Work {
  /** Ours, or the trusted proxy's: names one request at one service. */
  readonly requestId: string;
  readonly context: TraceContext;
  readonly tracing: Tracing;
}

const current = new AsyncLocalStorage<Work>();

/** What this code runs for; undefined in the background. */
export const currentWork = (): Work | undefined => current.getStore();

/** The id of the request that this code runs for, as its log lines have it; null in the background. */
export const currentRequestId = (): string | null => current.getStore()?.requestId ?? null;

/** Runs `next`, and whatever it sets going, as part of `work`. */
export const inWork = <T>(work: Work, next: () => T): T => current.run(work, next);

/** In every log line of a request. */
export function logIds(): Record<string, string> {
  const work = current.getStore();
  return work === undefined ? {} : { trace: work.context.traceId };
}
