import { chatelaineHost } from '@chatelaine/host-kit';
import { currentSessionAccount, ErrorPage, renderPage, signInUrl } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { ENTRY_OPERATIONS } from '../entries/operations.ts';
import { ConsentPage } from './consent-page.tsx';

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3600;

/** Makes this service a Host, with its own accounts and looks. PROTOCOL §2.2, §3.3, §4. */
export async function hostFeature(
  app: FastifyInstance,
  deps: Pick<Deps, 'config' | 'flavor' | 'pool' | 'clock'>,
): Promise<void> {
  const { config, flavor, pool, clock } = deps;
  await app.register(chatelaineHost, {
    issuer: config.issuer,
    name: config.name,
    pool,
    clock,
    scopes: {
      ...flavor.scopes,
      // what is written stays, and by whom must not rest on an AM's word: Requesters say it themselves (PROTOCOL §3.6)
      'entries.write': { sentence: flavor.scopes['entries.write'], requesterStatement: 'required' },
    },
    demo: config.demo,
    bearer: config.bearerTokens,
    outboundExceptions: config.exceptions,
    // together with the other tables of this service, by main
    migrate: false,
    owner: (request) => {
      // the authorization endpoint checks a form token of its own
      const account = currentSessionAccount(request);
      return account === null ? null : { id: account.id, label: account.username };
    },
    signInUrl,
    renderConsent: async (view, _request, reply) =>
      renderPage(reply, <ConsentPage view={view} />, { formActions: [view.redirectOrigin] }),
    renderProblem: async ({ status, message }, _request, reply) =>
      renderPage(reply.code(status), <ErrorPage title="That did not work" sentence={message} />),
    operations: ENTRY_OPERATIONS,
    limits: {
      registration: { name: 'register', points: 1, perSeconds: HOUR_SECONDS },
      refusals: { name: 'refusal', points: config.refusalsPerMinute, perSeconds: MINUTE_SECONDS },
    },
  });
}
