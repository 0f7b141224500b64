import type { ServiceConfig } from '../env/service-config.ts';
import type { Pool } from '@chatelaine/postgres';
import type { ServerOptions } from './create-server.ts';
import { createMetrics, type Metrics, openTracing } from '@chatelaine/telemetry';

type Seen = 'logLevel' | 'trustedProxies' | 'metricsListener' | 'requestsAtOnce' | 'waitingAtOnce';

/** The options of `createServer` by which a service can be observed, as its configuration says. */
export async function observed(input: {
  config: Pick<ServiceConfig, 'tracing' | Seen>;
  /** The service's name: `am`, `photos`. */
  name: string;
  pool: Pool;
}): Promise<Required<Pick<ServerOptions, 'name' | 'tracing' | Seen>> & { metrics: Metrics }> {
  const { config, name, pool } = input;
  const { logLevel, trustedProxies, metricsListener, requestsAtOnce, waitingAtOnce } = config;
  const tracing = await openTracing({ ...config.tracing, serviceName: config.tracing.serviceName ?? name });
  const metrics = createMetrics({ pool });
  return { name, logLevel, trustedProxies, metricsListener, requestsAtOnce, waitingAtOnce, tracing, metrics };
}
