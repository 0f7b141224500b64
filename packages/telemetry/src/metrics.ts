import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Pool } from '@chatelaine/postgres';

/**
 * Each label with all values that it can have, so that no input makes the set of time series grow. Any other value is
 * counted as `other`.
 */
export type LabelValues = Readonly<Record<string, readonly string[]>>;
export type LabelsOf<L extends LabelValues> = { readonly [Name in keyof L]: string };

interface Spec<L extends LabelValues> {
  readonly name: string;
  readonly help: string;
  readonly labels: L;
}

export type Timer<L extends LabelValues> = () => (labels: LabelsOf<L>) => void;

/** The metrics of a process. */
export interface Metrics {
  counter<L extends LabelValues>(spec: Spec<L>): (labels: LabelsOf<L>) => void;
  /** A histogram of durations in seconds. */
  duration<L extends LabelValues>(spec: Spec<L>): (labels: LabelsOf<L>, seconds: number) => void;
  /** The same, measured from this call until the returned function is called. */
  timer<L extends LabelValues>(spec: Spec<L>): Timer<L>;
  /** Read at each scrape, for each value of one label. A reading that fails is left out, and counted. */
  gauge(spec: {
    readonly name: string;
    readonly help: string;
    readonly label: string;
    readonly read: () => Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>;
  }): void;
  /** Begins to measure memory, CPU, garbage collection and the event loop. */
  watchProcess(): void;
  /** The metrics in the text format of Prometheus. */
  text(): Promise<{ type: string; body: string }>;
}

/**
 * In seconds, from 1 ms to 30 s: a decision takes milliseconds, and a Host that hangs takes all the time that it is
 * given.
 */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const READING_MS = 1_000;

export function createMetrics(options: { pool?: Pool } = {}): Metrics {
  const registry = new Registry();
  const failed = new Counter({
    name: 'chatelaine_metric_readings_failed_total',
    help: 'Readings that failed and were left out, by what was read.',
    labelNames: ['metric'],
    registers: [registry],
  });
  const metrics: Metrics = {
    counter({ name, help, labels }) {
      const counter = new Counter({ name, help, labelNames: Object.keys(labels), registers: [registry] });
      return (given) => counter.inc(bounded(labels, given));
    },
    duration({ name, help, labels }) {
      const labelNames = Object.keys(labels);
      const histogram = new Histogram({ name, help, labelNames, buckets: BUCKETS, registers: [registry] });
      return (given, seconds) => histogram.observe(bounded(labels, given), seconds);
    },
    timer(spec) {
      const observe = metrics.duration(spec);
      return () => {
        const started = performance.now();
        return (labels) => observe(labels, (performance.now() - started) / 1000);
      };
    },
    gauge({ name, help, label, read }) {
      const gauge: Gauge = new Gauge({
        name,
        help,
        labelNames: [label],
        registers: [registry],
        async collect() {
          gauge.reset();
          try {
            for (const [value, reading] of Object.entries(await inTime(read))) gauge.set({ [label]: value }, reading);
          } catch {
            failed.inc({ metric: name });
          }
        },
      });
    },
    watchProcess: () => collectDefaultMetrics({ register: registry }),
    text: async () => ({ type: registry.contentType, body: await registry.metrics() }),
  };
  if (options.pool !== undefined) watchPool(metrics, options.pool);
  return metrics;
}

function watchPool(metrics: Metrics, pool: Pool): void {
  metrics.gauge({
    name: 'chatelaine_database_connections',
    help: 'Connections of the pool: busy, idle, and requests that wait for one.',
    label: 'state',
    read: () => ({ busy: pool.totalCount - pool.idleCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  });
}

function bounded<L extends LabelValues>(labels: L, given: LabelsOf<L>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, values]) => {
      const value = given[name] ?? '';
      return [name, values.includes(value) ? value : 'other'];
    }),
  );
}

async function inTime<T>(read: () => T | Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('The reading took too long.')), READING_MS);
  try {
    return await Promise.race([read(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
