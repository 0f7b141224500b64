import type { FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';
import { createServer, type ServerOptions } from '../../src/index.ts';

export interface TestService {
  app: FastifyInstance;
  origin: string;
  log: Record<string, unknown>[];
}

export interface TestServiceOptions extends Partial<ServerOptions> {
  routes?: (app: FastifyInstance) => Promise<void>;
}

/** A small service with an API, without database and accounts. */
export async function startService(options: TestServiceOptions = {}): Promise<TestService> {
  const { routes, ...server } = options;
  const log: Record<string, unknown>[] = [];
  const app = await createServer({
    name: 'inn',
    issuer: 'http://127.0.0.1:1',
    site: { name: 'The Inn', role: 'Host', nav: [{ href: '/rooms', label: 'Rooms' }] },
    logDestination: { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) },
    ...server,
  });
  app.post('/api/rooms', async (request) => ({ got: request.body }));
  app.get('/api/rooms/:id', async () => ({ ok: true }));
  await routes?.(app);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return { app, origin: `http://127.0.0.1:${port}`, log };
}
