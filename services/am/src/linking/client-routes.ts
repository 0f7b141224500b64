import { publicJwks } from '@chatelaine/crypto';
import { linkClientDocument } from '@chatelaine/oauth-client';
import { allowAnyOrigin, refuseOtherMethods } from '@chatelaine/oauth-server-fastify';
import { LIFETIME, OAuthError } from '@chatelaine/protocol';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';

const TAG = /^[A-Za-z0-9_-]{22}$/;
const CACHED = `public, max-age=${LIFETIME.documentCacheMin}`;

/** The AM as a client of Hosts: one client document per Host, and the keys that all of them name. PROTOCOL §2.2. */
export async function clientDocuments(
  app: FastifyInstance,
  { deps }: { deps: Pick<Deps, 'config' | 'keys'> },
): Promise<void> {
  const { config, keys } = deps;
  allowAnyOrigin(app);
  // a pure function of the tag, which reveals nothing about whose Hosts are known here
  app.get('/clients/:tag', async (request, reply) => {
    const { tag } = request.params as { tag: string };
    if (!TAG.test(tag)) throw new OAuthError('invalid_request', 'There is nothing at this address.', { status: 404 });
    const document = linkClientDocument({
      amIssuer: config.issuer,
      tag,
      name: config.name,
      jwksUri: `${config.issuer}/jwks`,
    });
    return reply.header('cache-control', CACHED).send(document);
  });
  app.get('/jwks', async (_request, reply) =>
    reply.header('cache-control', CACHED).type('application/jwk-set+json').send(publicJwks(keys.all)),
  );
  for (const path of ['/clients/:tag', '/jwks']) refuseOtherMethods(app, path, ['GET']);
}
