import { AsyncLocalStorage } from 'node:async_hooks';
import type { TraceContext } from './traceparent.ts';
import type { Tracing } from './tracing.ts';

/** The request in whose course code runs. */
export interface Work {
  /** Ours, or the one that a trusted proxy sent: identifies a request at one service. */
  readonly requestId: string;
  readonly context: TraceContext;
  readonly tracing: Tracing;
}

const current = new AsyncLocalStorage<Work>();

/** The request that this code serves; undefined in the background. */
export const currentWork = (): Work | undefined => current.getStore();

/** The id of the request that this code serves, as in its log lines; null in the background. */
export const currentRequestId = (): string | null => current.getStore()?.requestId ?? null;

/** Runs `next`, and all asynchronous work that it starts, as part of `work`. */
export const inWork = <T>(work: Work, next: () => T): T => current.run(work, next);

/** The ids in every log line of a request. */
export function logIds(): Record<string, string> {
  const work = current.getStore();
  return work === undefined ? {} : { trace: work.context.traceId };
}
