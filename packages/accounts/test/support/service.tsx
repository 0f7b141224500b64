import type { FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';
import { type Pool } from '@chatelaine/postgres';
import { createServer, type ServerOptions } from '@chatelaine/service-kit';
import { Button, Form, formOf, Layout, pages, renderPage } from '@chatelaine/ui';
import {
  type AccountOptions,
  accountOf,
  accounts,
  currentAccount,
  requireAccount,
  sessions,
  type SessionOptions,
} from '../../src/index.ts';

export const KEY = new Uint8Array(32).fill(7);

export interface TestService {
  app: FastifyInstance;
  origin: string;
  log: Record<string, unknown>[];
}

export interface TestServiceOptions extends Partial<ServerOptions> {
  pool: Pool;
  session?: Partial<SessionOptions>;
  account?: Partial<AccountOptions>;
  routes?: (app: FastifyInstance) => Promise<void>;
}

/** A small service: a page with a form for people who are signed in, and an API route. */
export async function startService(options: TestServiceOptions): Promise<TestService> {
  const { pool, session, account, routes, ...server } = options;
  const log: Record<string, unknown>[] = [];
  const app = await createServer({
    name: 'inn',
    issuer: 'http://127.0.0.1:1',
    site: { name: 'The Inn', role: 'Host', nav: [{ href: '/rooms', label: 'Rooms' }] },
    logDestination: { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) },
    ...server,
  });
  app.post('/api/rooms', async (request) => ({ got: request.body }));
  app.post('/api/careless', async (request) => ({ who: currentAccount(request) }));
  app.get('/api/rooms/:id', async () => ({ ok: true }));
  await app.register(sessions, { pool, name: 'inn', key: KEY, ...session });
  await pages(app, async (scope) => {
    await scope.register(accounts, { pool, home: '/rooms', ...account });
    scope.get('/rooms', { preHandler: requireAccount }, async (request, reply) =>
      renderPage(
        reply,
        <Layout title={`Rooms of ${accountOf(request).username}`}>
          <Form action="/rooms">
            <Button>Take one</Button>
          </Form>
        </Layout>,
      ),
    );
    scope.post('/rooms', { preHandler: requireAccount }, async (request) => ({ taken: [...formOf(request).keys()] }));
  });
  await routes?.(app);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return { app, origin: `http://127.0.0.1:${port}`, log };
}
