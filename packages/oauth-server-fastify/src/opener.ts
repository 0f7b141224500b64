import type { FastifyInstance } from 'fastify';

const COOP = 'cross-origin-opener-policy';

/**
 * An app may open the authorization endpoint in a window of its own and wait to be told by `window.opener`. A
 * Cross-Origin-Opener-Policy on any response along the way, redirects included, would sever that for good (HTML
 * §7.1.3). So these routes have none, whatever the app around them sets for its pages.
 */
export function keepOpener(scope: FastifyInstance): void {
  scope.addHook('onSend', async (_request, reply) => {
    reply.removeHeader(COOP);
    // where helmet sets it
    reply.raw.removeHeader(COOP);
  });
}
