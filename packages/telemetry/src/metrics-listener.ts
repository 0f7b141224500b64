import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics.ts';
import { routeOf } from './request-ids.ts';

export interface MetricsListener {
  /** 127.0.0.1 unless configured otherwise. */
  readonly address: string;
  /** With 0 the system chooses a free one. */
  readonly port: number;
}

/** Counts requests by the pattern of their route, never by their URL, and by the status of the answer. */
export function countRequests(app: FastifyInstance, metrics: Metrics): void {
  const routes = ['none'];
  app.addHook('onRoute', ({ url }) => void (routes.includes(url) || routes.push(url)));
  const observe = metrics.duration({
    name: 'chatelaine_request_seconds',
    help: 'Requests answered, by route and class of status.',
    labels: { route: routes, method: METHODS, status: STATUSES },
  });
  app.addHook('onResponse', (request, reply, done) => {
    const status = `${Math.floor(reply.statusCode / 100)}xx`;
    observe({ route: routeOf(request), method: request.method, status }, reply.elapsedTime / 1000);
    done();
  });
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'];
const STATUSES = ['2xx', '3xx', '4xx', '5xx'];

/**
 * Serves /metrics on a port of its own, so that it cannot be reached at the public address, whatever proxy is in front.
 * It opens when the app is ready and closes with it.
 */
export function listenForMetrics(app: FastifyInstance, metrics: Metrics, { address, port }: MetricsListener): void {
  let server: Server | undefined;
  app.addHook('onReady', async () => {
    metrics.watchProcess();
    server = createServer({ requestTimeout: 5_000, headersTimeout: 2_000 }, (request, answer) => {
      if (request.method !== 'GET' || request.url !== '/metrics') {
        answer.writeHead(404).end();
        return;
      }
      metrics.text().then(
        ({ type, body }) => answer.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body),
        (error: unknown) => {
          app.log.warn({ err: error }, 'metrics could not be read');
          answer.writeHead(500).end();
        },
      );
    });
    await listening(server, { address, port });
    app.log.info({ port: (server.address() as AddressInfo).port, address }, 'metrics');
  });
  app.addHook('onClose', async () => {
    server?.close();
    server?.closeAllConnections();
  });
}

function listening(server: Server, { address, port }: MetricsListener): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
}
