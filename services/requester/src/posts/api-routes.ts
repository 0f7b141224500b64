import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { listPosts } from './store.ts';

/** What other Requesters call with a token of this Host. PROTOCOL §4. */
export function postsApi(app: FastifyInstance, deps: Pick<Deps, 'pool'>): void {
  app.get('/api/entries', { onRequest: app.chatelaine.requireScope('entries.read') }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    return { entries: await listPosts(deps, request.chatelaine.owner) };
  });
}
