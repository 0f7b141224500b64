import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';

/** AMs keep it for as long, in seconds. */
const FRESH = 300;

/** Who we are, for AMs to read: the client document, whose URL is our client id, and our public keys. PROTOCOL §2.1. */
export function published(app: FastifyInstance, { requester }: Pick<Deps, 'requester'>): void {
  app.get('/client', async (_request, reply) =>
    reply.header('cache-control', `public, max-age=${FRESH}`).send(requester.clientMetadata()),
  );
  app.get('/jwks', async (_request, reply) =>
    reply.header('cache-control', `public, max-age=${FRESH}`).type('application/jwk-set+json').send(requester.jwks()),
  );
}
