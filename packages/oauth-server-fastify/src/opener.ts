import type { FastifyInstance } from 'fastify';

const COOP = 'cross-origin-opener-policy';

/**
 * An app may open the authorization endpoint in a window of its own and wait to be told by `window.opener`, which a
 * Cross-Origin-Opener-Policy of any answer on the way would take away for good, redirects included (HTML §7.1.3).
 * Whatever the app around these routes sets for its pages, they have none.
 */
export function keepOpener(scope: FastifyInstance): void {
  scope.addHook('onSend', async (_request, reply) => {
    reply.removeHeader(COOP);
    // where helmet puts it
    reply.raw.removeHeader(COOP);
  });
}
