import type { HostOptions } from '@chatelaine/host-kit';
import { currentSessionAccount, signInUrl } from '@chatelaine/accounts';
import { ErrorPage, renderPage, ReturnPage } from '@chatelaine/ui';
import { ConsentPage } from './consent-page.tsx';

/** What such a service is told by its configuration, and has. */
export interface HostOptionsInput {
  readonly config: Pick<HostOptions, 'issuer' | 'name'> & { readonly demo: boolean };
  readonly pool: HostOptions['pool'];
  readonly clock: NonNullable<HostOptions['clock']>;
}

/**
 * The options of host-kit that are the same for each of our services: its accounts, its pages, its tables made with the
 * others.
 */
export function hostOptions({ config, pool, clock }: HostOptionsInput) {
  return {
    issuer: config.issuer,
    name: config.name,
    pool,
    clock,
    demo: config.demo,
    // together with the other tables of the service
    migrate: false,
    owner: (request) => {
      // the authorization endpoint checks a form token of its own
      const account = currentSessionAccount(request);
      return account === null ? null : { id: account.id, label: account.username };
    },
    signInUrl,
    renderConsent: async (view, _request, reply) => renderPage(reply, <ConsentPage view={view} />),
    renderReturn: async (view, _request, reply) => renderPage(reply, <ReturnPage {...view} />),
    renderProblem: async ({ status, message }, _request, reply) =>
      renderPage(reply.code(status), <ErrorPage title="That did not work" sentence={message} />),
  } satisfies Omit<HostOptions, 'scopes'>;
}
