import type { ServiceConfig } from '../env/service-config.ts';
import type { Pool } from '../postgres/pool.ts';
import type { ServerOptions } from '../server/create-server.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { openTracing } from './tracing.ts';

/** What `createServer` is to be given so that a service can be seen from outside, as its configuration wants it. */
export async function observed(input: {
  config: Pick<ServiceConfig, 'tracing' | 'metricsListener' | 'logLevel' | 'trustedProxies'>;
  /** Of the service: `am`, `photos`. */
  name: string;
  pool: Pool;
}): Promise<
  Required<Pick<ServerOptions, 'name' | 'logLevel' | 'trustedProxies' | 'tracing' | 'metricsListener'>> & {
    metrics: Metrics;
  }
> {
  const { config, name, pool } = input;
  const { logLevel, trustedProxies, metricsListener } = config;
  const tracing = await openTracing({ ...config.tracing, serviceName: config.tracing.serviceName ?? name });
  return { name, logLevel, trustedProxies, metricsListener, tracing, metrics: createMetrics({ pool }) };
}
