import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import type { OpenSpan, SpanStart, Tracing, TracingOptions } from './tracing.ts';

/** For one batch, including retries. */
const EXPORT_MS = 5_000;
const CLOSING_MS = 1_000;

/**
 * Sends spans to an OTLP collector in batches. The `sampled` flag of a caller is ignored, because strangers could
 * otherwise make us record everything.
 */
export function otlpTracing({ endpoint, serviceName, ratio }: TracingOptions & { endpoint: string }): Tracing {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces`, timeoutMillis: EXPORT_MS });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    sampler: new TraceIdRatioBasedSampler(ratio),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: 2_000, exportTimeoutMillis: EXPORT_MS })],
  });
  const tracer = provider.getTracer('chatelaine');
  return {
    begin: (start) => begin(tracer, start),
    // an unreachable collector must not keep the process from ending
    close: () =>
      Promise.race([provider.shutdown().catch(() => undefined), sleep(CLOSING_MS, undefined, { ref: false })]),
  };
}

function begin(tracer: Tracer, { name, kind, parent, attributes }: SpanStart): OpenSpan {
  const context =
    parent === null
      ? ROOT_CONTEXT
      : trace.setSpanContext(ROOT_CONTEXT, { ...parent, traceFlags: flagsOf(parent), isRemote: kind === 'server' });
  const span = tracer.startSpan(
    name,
    { kind: kind === 'server' ? SpanKind.SERVER : SpanKind.CLIENT, attributes: attributes() },
    context,
  );
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    context: { traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 },
    end(outcome) {
      if (outcome.name !== undefined) span.updateName(outcome.name);
      span.setAttributes(outcome.attributes);
      if (outcome.failed) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

const flagsOf = ({ sampled }: { sampled: boolean }): TraceFlags => (sampled ? TraceFlags.SAMPLED : TraceFlags.NONE);
