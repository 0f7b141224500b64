import { nextContext, type TraceContext } from './traceparent.ts';

/** What a span records: names, numbers and outcomes, never a query, a body or a token. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanStart {
  readonly name: string;
  /** `server` for a request that we answer, `client` for one that we send. */
  readonly kind: 'server' | 'client';
  readonly parent: TraceContext | null;
  /** Not called where no spans are exported. */
  readonly attributes: () => SpanAttributes;
}

export interface OpenSpan {
  readonly context: TraceContext;
  end(outcome: { name?: string; attributes: SpanAttributes; failed: boolean }): void;
}

/** Gives each piece of work an id in its trace and, if a collector is configured, records it as a span. */
export interface Tracing {
  begin(start: SpanStart): OpenSpan;
  /** Sends the spans that have not been sent yet. */
  close(): Promise<void>;
}

/** Ids alone, for finding the log lines of all services that belong together; nothing is recorded. */
export const noTracing: Tracing = {
  begin: ({ parent }) => ({ context: nextContext(parent), end: () => undefined }),
  close: async () => undefined,
};

export interface TracingOptions {
  /** Base URL of an OTLP/HTTP collector, to which `/v1/traces` is added. Null: nothing is recorded. */
  readonly endpoint: string | null;
  readonly serviceName: string;
  /**
   * Fraction of all traces that is recorded, 0..1. It is decided by the trace id, so that all services record the same
   * traces.
   */
  readonly ratio: number;
}

/** Tracing with OpenTelemetry if a collector is configured; only then are its libraries loaded. */
export async function openTracing(options: TracingOptions): Promise<Tracing> {
  if (options.endpoint === null) return noTracing;
  const { otlpTracing } = await import('./otlp.ts');
  return otlpTracing({ ...options, endpoint: options.endpoint });
}
