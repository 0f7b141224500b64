import { type InteractionPort, oauthRoutes } from '@chatelaine/oauth-server-fastify';
import { currentSessionAccount, ErrorPage, renderPage, ReturnPage, signInUrl } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Both } from '../both/both.ts';
import type { Deps } from '../deps.ts';
import type { Facade } from '../facade/facade.tsx';
import { connectionOffer } from './connection-offer.tsx';

export type OAuthDeps = Pick<Deps, 'config' | 'clock' | 'prisma' | 'server' | 'rateLimits' | 'failpoint'> & {
  readonly both: Both;
  readonly facade: Facade;
};

/** The endpoints of the AM as an authorization server. */
export async function oauthFeature(app: FastifyInstance, deps: OAuthDeps): Promise<void> {
  await app.register(oauthRoutes, {
    deps: deps.server,
    interaction: interactionPort(deps),
    rateLimits: deps.rateLimits,
    limits: deps.config.limits.oauth,
  });
}

function interactionPort(deps: OAuthDeps): InteractionPort {
  return {
    owner: async (request) => {
      const account = currentSessionAccount(request);
      return account === null ? null : { id: account.id };
    },
    signInUrl,
    async offer(asked) {
      return (await deps.facade.offer(asked)) ?? connectionOffer(deps, asked);
    },
    async renderReturn(view, _request, reply) {
      return renderPage(reply, <ReturnPage {...view} />);
    },
    async renderProblem({ status, message }, _request, reply) {
      return renderPage(reply.code(status), <ErrorPage title="This did not work" sentence={message} />);
    },
  };
}
