import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Pool } from '@chatelaine/postgres';

/**
 * Every label with all values it can ever have, so that nobody's input makes the set grow; anything else counts as
 * `other`.
 */
export type LabelValues = Readonly<Record<string, readonly string[]>>;
export type LabelsOf<L extends LabelValues> = { readonly [Name in keyof L]: string };

interface Spec<L extends LabelValues> {
  readonly name: string;
  readonly help: string;
  readonly labels: L;
}

export type Timer<L extends LabelValues> = () => (labels: LabelsOf<L>) => void;

/** What a process counts. */
export interface Metrics {
  counter<L extends LabelValues>(spec: Spec<L>): (labels: LabelsOf<L>) => void;
  /** Seconds. */
  duration<L extends LabelValues>(spec: Spec<L>): (labels: LabelsOf<L>, seconds: number) => void;
  /** The same, measured: from the call to the call of what it returns. */
  timer<L extends LabelValues>(spec: Spec<L>): Timer<L>;
  /** Read when somebody asks, by the value of one label; a reading that fails is left out, and counted. */
  gauge(spec: {
    readonly name: string;
    readonly help: string;
    readonly label: string;
    readonly read: () => Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>;
  }): void;
  /** Memory, CPU, garbage collection and the event loop, from now on. */
  watchProcess(): void;
  /** The text that Prometheus reads. */
  text(): Promise<{ type: string; body: string }>;
}

/** 1 ms to 30 s: a decision takes milliseconds, a Host that hangs takes its limit. */
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
