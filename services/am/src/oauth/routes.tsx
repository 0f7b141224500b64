import { randomId } from '@chatelaine/crypto';
import { type ConsentDecision, type ConsentView, type InteractionPort, oauthRoutes } from '@chatelaine/oauth-server-pg';
import { type FormParams, TRANSFER_SCOPE } from '@chatelaine/protocol';
import { currentSessionAccount, ErrorPage, renderPage, signInUrl } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Both } from '../both/both.ts';
import { readHalfAnswer } from '../both/half-form.ts';
import { keptIn } from '../both/offered-host.ts';
import type { Deps } from '../deps.ts';
import type { Facade } from '../facade/facade.tsx';
import { brokenLinks, insertConnection, offeredLinks } from './connection-rows.ts';
import { readConsentForm } from './consent-form.ts';
import { ConsentPage } from './consent-page.tsx';

type OAuthDeps = Pick<Deps, 'config' | 'clock' | 'prisma' | 'server' | 'rateLimits' | 'failpoint'> & {
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
    async renderConsent(view, _request, reply) {
      const formActions = [view.redirectOrigin];
      const plain = await deps.facade.page(view);
      if (plain !== null) return renderPage(reply, plain, { formActions });
      const { id } = view.owner;
      const [links, broken] = await Promise.all([offeredLinks(deps, id), brokenLinks(deps, id)]);
      return renderPage(reply, <ConsentPage view={view} links={links} broken={broken} />, {
        formActions,
      });
    },
    decide: async ({ view, form }) => (await deps.facade.decide({ view, form })) ?? decide(deps, { view, form }),
    async renderProblem({ status, message }, _request, reply) {
      return renderPage(reply.code(status), <ErrorPage title="This did not work" sentence={message} />);
    },
  };
}

const NO_HALF = { kind: 'no' } as const;
const NOTHING_TO_ADMIT = { kind: 'admitted' } as const;

async function decide(
  deps: OAuthDeps,
  { view, form }: { view: ConsentView; form: FormParams },
): Promise<ConsentDecision> {
  if (form.get('decision') === 'deny') return { kind: 'deny' };
  if (form.get('decision') !== 'allow') return { kind: 'again', problem: 'Choose "Connect" or "Refuse".' };
  const host = keptIn(view);
  const half = host === null ? NO_HALF : readHalfAnswer(host.name, form);
  if (half.kind === 'again') return half;
  const read = readConsentForm(await offeredLinks(deps, view.owner.id), form, host === null ? 'something' : 'anything');
  if (read.kind === 'again') return read;
  if (read.shown.length === 0 && half.kind === 'no') return { kind: 'deny' };
  const admitted = half.kind === 'link' ? await deps.both.admit(view) : NOTHING_TO_ADMIT;
  if (admitted.kind === 'again') return admitted;
  const grantId = randomId('con');
  const expiresAt = read.lifetimeSeconds === null ? null : deps.clock.now() + read.lifetimeSeconds;
  await insertConnection(deps, {
    id: grantId,
    ownerId: view.owner.id,
    client: view.interaction.client,
    shown: read.shown,
    expiresAt: expiresAt === null ? null : new Date(expiresAt * 1000),
  });
  if (half.kind === 'link') await deps.both.keep({ view, connectionId: grantId });
  await deps.failpoint('consent.written');
  return { kind: 'allow', grantId, scope: [TRANSFER_SCOPE], transferScope: null, expiresAt };
}
