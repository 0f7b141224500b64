export { watchEventLoop } from './event-loop.ts';
export { describeError, LOG_LEVELS, logger, type LogLevel, type LogOptions, pathOf, requestLogger } from './logger.ts';
export { countRequests, listenForMetrics, type MetricsListener } from './metrics-listener.ts';
export { createMetrics, type LabelsOf, type LabelValues, type Metrics } from './metrics.ts';
export { requestIds, traceRequests } from './request-ids.ts';
export { traced } from './traced-fetch.ts';
export { currentRequestId } from './work.ts';
export { noTracing, openTracing, type Tracing, type TracingOptions } from './tracing.ts';
