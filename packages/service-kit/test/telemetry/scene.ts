import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { traced } from '@chatelaine/telemetry';
import { formOf } from '@chatelaine/ui';
import { startService, type TestService, type TestServiceOptions } from '../support/service.ts';

export const TRACE = '0af7651916cd43dd8448eb211c80319c';
export const FROM_OUTSIDE = `00-${TRACE}-b7ad6b7169203331-01`;
export const CANARY = 'canary-2f9a1c';

/** Starts an HTTP server that answers with `answer`. */
export async function listen(answer: http.RequestListener): Promise<{ origin: string; close(): Promise<void> }> {
  const server = http.createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { origin: `http://127.0.0.1:${port}`, close };
}

/** A service whose only route calls another service, and that service. */
export async function chain(options: TestServiceOptions = {}) {
  const heard: http.IncomingHttpHeaders[] = [];
  const other = await listen((request, answer) => {
    heard.push(request.headers);
    answer.writeHead(Number(new URL(request.url ?? '', 'http://x').searchParams.get('status') ?? 200)).end('{}');
  });
  const arrived = Promise.withResolvers<void>();
  const outbound = traced({
    fetch: (input: string | URL | Request, init?: RequestInit) => fetch(input, init),
    post: ({ url, ...init }: { url: string; headers: Record<string, string> }) =>
      fetch(url, { ...init, method: 'POST' }),
  });
  const service = await startService({
    ...options,
    routes: async (app) => {
      app.addHook('onRequest', async () => arrived.resolve());
      app.post('/ask', async (request) => {
        const status = formOf(request).get('status') ?? '200';
        await new Promise((resolve) => setImmediate(resolve));
        request.log.info('asking');
        const url = `${other.origin}/token?status=${status}&secret=${CANARY}`;
        const headers = { authorization: CANARY };
        await (formOf(request).get('by') === 'post'
          ? outbound.post({ url, headers })
          : outbound.fetch(url, { headers }));
        return {};
      });
    },
  });
  const close = async () => {
    await service.app.close();
    await other.close();
  };
  return { service, heard, close, arrived: arrived.promise };
}

export const ask = (service: TestService, headers: Record<string, string> = {}, body = `secret=${CANARY}`) =>
  fetch(`${service.origin}/ask?code=${CANARY}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body,
  });
