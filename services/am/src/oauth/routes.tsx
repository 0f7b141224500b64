import { randomId } from '@chatelaine/crypto';
import { type ConsentDecision, type ConsentView, type InteractionPort, oauthRoutes } from '@chatelaine/oauth-server-pg';
import { type FormParams, TRANSFER_SCOPE } from '@chatelaine/protocol';
import { currentSessionAccount, ErrorPage, renderPage, signInUrl } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { brokenLinks, insertConnection, offeredLinks } from './connection-rows.ts';
import { readConsentForm } from './consent-form.ts';
import { ConsentPage } from './consent-page.tsx';

type OAuthDeps = Pick<Deps, 'config' | 'clock' | 'prisma' | 'server' | 'rateLimits' | 'failpoint'>;

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
    async renderConsent(view, _request, reply) {
      const { id } = view.owner;
      const [links, broken] = await Promise.all([offeredLinks(deps, id), brokenLinks(deps, id)]);
      return renderPage(reply, <ConsentPage view={view} links={links} broken={broken} />, {
        formActions: [view.redirectOrigin],
      });
    },
    decide: ({ view, form }) => decide(deps, { view, form }),
    async renderProblem({ status, message }, _request, reply) {
      return renderPage(reply.code(status), <ErrorPage title="This did not work" sentence={message} />);
    },
  };
}

async function decide(
  deps: OAuthDeps,
  { view, form }: { view: ConsentView; form: FormParams },
): Promise<ConsentDecision> {
  if (form.get('decision') === 'deny') return { kind: 'deny' };
  if (form.get('decision') !== 'allow') return { kind: 'again', problem: 'Choose "Connect" or "Refuse".' };
  const read = readConsentForm(await offeredLinks(deps, view.owner.id), form);
  if (read.kind === 'again') return read;
  const grantId = randomId('con');
  const expiresAt = read.lifetimeSeconds === null ? null : deps.clock.now() + read.lifetimeSeconds;
  await insertConnection(deps, {
    id: grantId,
    ownerId: view.owner.id,
    client: view.interaction.client,
    shown: read.shown,
    expiresAt: expiresAt === null ? null : new Date(expiresAt * 1000),
  });
  await deps.failpoint('consent.written');
  return { kind: 'allow', grantId, scope: [TRANSFER_SCOPE], transferScope: null, expiresAt };
}
