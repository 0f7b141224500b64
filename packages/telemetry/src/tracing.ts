import { nextContext, type TraceContext } from './traceparent.ts';

/** What a span may say of itself: names, numbers and outcomes, never a query, a body or a token. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanStart {
  readonly name: string;
  /** Somebody asked us, or we asked somebody. */
  readonly kind: 'server' | 'client';
  readonly parent: TraceContext | null;
  readonly attributes: SpanAttributes;
}

export interface OpenSpan {
  readonly context: TraceContext;
  end(outcome: { name?: string; attributes: SpanAttributes; failed: boolean }): void;
}

/** Numbers the work that is done, and records it when somebody wants to have it recorded. */
export interface Tracing {
  begin(start: SpanStart): OpenSpan;
  /** Sends what is left. */
  close(): Promise<void>;
}

/** Ids only, so that log lines of all services can be put together; nothing is recorded. */
export const noTracing: Tracing = {
  begin: ({ parent }) => ({ context: nextContext(parent), end: () => undefined }),
  close: async () => undefined,
};

export interface TracingOptions {
  /** Base URL of an OTLP/HTTP collector; `/v1/traces` is added. Null: nothing is recorded. */
  readonly endpoint: string | null;
  readonly serviceName: string;
  /** 0..1: the part of all traces that is recorded. By trace id, so that all services pick the same ones. */
  readonly ratio: number;
}

/** Traces by OpenTelemetry, if the configuration names a collector. The libraries are loaded only then. */
export async function openTracing(options: TracingOptions): Promise<Tracing> {
  if (options.endpoint === null) return noTracing;
  const { otlpTracing } = await import('./otlp.ts');
  return otlpTracing({ ...options, endpoint: options.endpoint });
}
