import { type InteractionPort, oauthRoutes } from '@chatelaine/oauth-server-fastify';
import { currentSessionAccount, signInUrl } from '@chatelaine/accounts';
import { ErrorPage, renderPage, ReturnPage } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import type { StockClients } from '../stock-clients/stock-clients.tsx';
import { consentScript } from '../consent/script.ts';
import { connectionOffer, type ConsentDeps } from '../consent/connection-offer.tsx';

export type OAuthDeps = ConsentDeps & Pick<Deps, 'server' | 'rateLimits'> & { readonly stockClients: StockClients };

/** The endpoints of the AM as an authorization server. */
export async function oauthFeature(app: FastifyInstance, deps: OAuthDeps): Promise<void> {
  consentScript(app);
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
      return (await deps.stockClients.offer(asked)) ?? connectionOffer(deps, asked);
    },
    async renderReturn(view, _request, reply) {
      return renderPage(reply, <ReturnPage {...view} />);
    },
    async renderProblem({ status, message }, _request, reply) {
      return renderPage(reply.code(status), <ErrorPage title="This did not work" sentence={message} />);
    },
  };
}
