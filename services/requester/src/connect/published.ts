import fs from 'node:fs';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';

/** How long AMs may cache it, in seconds. */
const FRESH = 300;

const ICON = fs.readFileSync(path.join(import.meta.dirname, '../../icon.png'));

/**
 * What AMs read about us: the client metadata document, whose URL is our client id, our public keys, and our icon.
 * PROTOCOL §2.1.
 */
export function published(app: FastifyInstance, { requester }: Pick<Deps, 'requester'>): void {
  app.get('/client', async (_request, reply) =>
    reply.header('cache-control', `public, max-age=${FRESH}`).send(requester.clientMetadata()),
  );
  app.get('/jwks', async (_request, reply) =>
    reply.header('cache-control', `public, max-age=${FRESH}`).type('application/jwk-set+json').send(requester.jwks()),
  );
  app.get('/icon.png', async (_request, reply) =>
    reply.header('cache-control', `public, max-age=${FRESH}`).type('image/png').send(ICON),
  );
}
