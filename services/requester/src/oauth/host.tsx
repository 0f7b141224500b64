import { chatelaineHost } from '@chatelaine/host-kit';
import { currentSessionAccount, ErrorPage, renderPage, signInUrl } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { POST_OPERATIONS } from '../posts/operations.ts';
import { POST_SCOPES } from '../posts/post.ts';
import { LinkPage } from './link-page.tsx';

/** Makes this service a Host as well, of the posts kept here; it names itself as the Requester it is. PROTOCOL §2.2, §2.3. */
export async function hostHalf(
  app: FastifyInstance,
  deps: Pick<Deps, 'config' | 'pool' | 'clock' | 'outbound'>,
): Promise<void> {
  const { config, pool, clock, outbound } = deps;
  await app.register(chatelaineHost, {
    issuer: config.issuer,
    name: config.name,
    pool,
    clock,
    outbound,
    scopes: POST_SCOPES,
    requester: `${config.issuer}/client`,
    demo: config.demo,
    // together with the other tables of this service
    migrate: false,
    owner: (request) => {
      // the authorization endpoint checks a form token of its own
      const account = currentSessionAccount(request);
      return account === null ? null : { id: account.id, label: account.username };
    },
    signInUrl,
    renderConsent: async (view, _request, reply) =>
      renderPage(reply, <LinkPage view={view} />, { formActions: [view.redirectOrigin] }),
    renderProblem: async ({ status, message }, _request, reply) =>
      renderPage(reply.code(status), <ErrorPage title="That did not work" sentence={message} />),
    operations: POST_OPERATIONS,
  });
}
