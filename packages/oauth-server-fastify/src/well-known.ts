import { ENDPOINT, type ServerConfig, serverMetadata } from '@chatelaine/oauth-server';
import { OAuthError, resourceMetadataUrl, serverMetadataUrl } from '@chatelaine/protocol';
import type { FastifyInstance } from 'fastify';
import { refuseOtherMethods } from './http.ts';

/** The suffix that OpenID Connect clients ask for; the document is the same (RFC 8414 §5). */
export const OPENID_CONFIGURATION = '/.well-known/openid-configuration';

/**
 * Answers at URLs where clients look for a document that is elsewhere: a 404 that names the right ones. RFC 8414 §3.1
 * and RFC 9728 §3.1 say where to look; clients also try above and below a path they were given.
 */
export function leadOn(scope: FastifyInstance, path: string, to: readonly string[]): void {
  const link = to.map((url) => `<${url}>; rel="describedby"`).join(', ');
  scope.get(path, async () => {
    throw new OAuthError('invalid_request', `There is no such document. See ${to.join(' or ')}.`, {
      status: 404,
      headers: { link },
    });
  });
  refuseOtherMethods(scope, path, ['GET']);
}

/** The server's own metadata, and pointers to it from places where it is not. Needs a scope of `oauthScope`. */
export function metadataRoutes(scope: FastifyInstance, config: ServerConfig): void {
  const { issuer, resources } = config;
  // a Host's own authorization server is for AMs; strangers need the document of the resource
  const isHost = resources.length > 0;
  const own = serverMetadataUrl(issuer);
  const right = isHost ? resources.map(resourceMetadataUrl) : [own];
  for (const path of [ENDPOINT.metadata, ...(isHost ? [] : [OPENID_CONFIGURATION])]) {
    scope.get(path, async (_request, reply) => {
      reply.header('cache-control', 'public, max-age=300');
      return serverMetadata(config);
    });
    refuseOtherMethods(scope, path, ['GET']);
  }
  leadOn(scope, `${ENDPOINT.metadata}/*`, right);
  leadOn(scope, `${OPENID_CONFIGURATION}/*`, right);
  if (isHost) return leadOn(scope, OPENID_CONFIGURATION, right);
  for (const path of [ENDPOINT.resourceMetadata, `${ENDPOINT.resourceMetadata}/*`]) leadOn(scope, path, right);
}
