import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';

/** How long AMs may cache it, in seconds. */
const FRESH = 300;

/**
 * What AMs read about us: the client metadata document, whose URL is our client id, and our public keys. PROTOCOL §2.1.
 */
export function published(app: FastifyInstance, { requester }: Pick<Deps, 'requester'>): void {
  app.get('/client', async (_request, reply) =>
    reply.header('cache-control', `public, max-age=${FRESH}`).send(requester.clientMetadata()),
  );
  app.get('/jwks', async (_request, reply) =>
    reply.header('cache-control', `public, max-age=${FRESH}`).type('application/jwk-set+json').send(requester.jwks()),
  );
}
