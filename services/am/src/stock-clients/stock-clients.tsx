import { randomId } from '@chatelaine/crypto';
import type { RequestExtension } from '@chatelaine/oauth-server';
import type { Asked, ConsentDecision, ConsentOffer } from '@chatelaine/oauth-server-fastify';
import type { FormParams } from '@chatelaine/protocol';
import { renderPage } from '@chatelaine/ui';
import type { Deps } from '../deps.ts';
import { ICON_CHANGED, iconChanged, withIcon } from '../identity/icon-field.ts';
import { iconOf } from '../icons/icon-of.ts';
import { readPaused } from '../connections/pause-store.ts';
import { insertConnection } from '../consent/connection-store.ts';
import { isMisnamed, MISNAMED } from '../consent/outcome.ts';
import { readOwnName } from '../identity/own-name-store.ts';
import { readTermsConsent, readTermsOffer, shownTerms, type TermsOffer } from '../terms/choice.ts';
import type { TransferDeps } from '../transfer/transfer.ts';
import { outcomeIn, provesNoKey, readStockClientForm } from './consent-form.ts';
import { StockClientConsentPage } from './consent-page.tsx';
import { STOCK_CLIENTS, readRequest, resourceOf } from './extension.ts';
import { issueHostToken } from './issue.ts';
import { type Offer, readOffer } from './offer.ts';

/** Stock OAuth clients as Requesters: they use code, PKCE and `resource`, and get the Host's own token. PROTOCOL §6. */
export interface StockClients {
  /** Handles `resource` in an authorization request, and answers the codes and refresh tokens of such connections. */
  readonly extension: RequestExtension;
  /** What the owner can decide about a request for a resource; null for a request of another kind. */
  offer(asked: Asked): Promise<ConsentOffer | null>;
}

export type StockClientsDeps = TransferDeps & Pick<Deps, 'config' | 'prisma' | 'clock' | 'terms' | 'failpoint'>;

export function createStockClients(deps: StockClientsDeps): StockClients {
  return {
    extension: {
      name: STOCK_CLIENTS,
      read: (request) => readRequest(deps, request),
      issue: (issue) => issueHostToken(deps, issue),
    },
    async offer(asked) {
      const resource = resourceOf(asked);
      return resource === null ? null : stockClientOffer(deps, { asked, resource });
    },
  };
}

async function stockClientOffer(
  deps: StockClientsDeps,
  { asked, resource }: { asked: Asked; resource: string },
): Promise<ConsentOffer> {
  const { client } = asked.interaction;
  const [offer, terms, ownName, iconId, paused] = await Promise.all([
    readOffer(deps, { asked, resource }),
    readTermsOffer(deps, { ownerId: asked.owner.id, client, kind: 'stock' }),
    readOwnName(deps, { ownerId: asked.owner.id, clientId: client.id }),
    iconOf(deps, client),
    readPaused(deps, { ownerId: asked.owner.id, clientId: client.id }),
  ]);
  const minutesLeft = Math.max(1, Math.floor((asked.interaction.expiresAt - deps.clock.now()) / 60));
  return {
    facts: { resource, offer, terms: shownTerms(terms), ownName },
    render: async (view, _request, reply) =>
      renderPage(
        reply,
        <StockClientConsentPage
          view={withIcon(view, iconId)}
          offer={offer}
          terms={terms}
          ownName={ownName}
          iconId={iconId}
          resource={resource}
          minutesLeft={minutesLeft}
          paused={paused}
        />,
      ),
    decide: (form) => decide(deps, { asked, offer, terms, iconId, form }),
  };
}

async function decide(
  deps: StockClientsDeps,
  input: { asked: Asked; offer: Offer; terms: TermsOffer; iconId: string | null; form: FormParams },
): Promise<ConsentDecision> {
  const { asked, offer, terms, iconId, form } = input;
  // refusing has the same answer whatever was offered: a different one for unknown scopes would tell the client that
  // the owner has linked the Host
  if (form.get('decision') === 'deny') return { kind: 'deny' };
  if (!form.has('decision')) return { kind: 'choosing' };
  if (form.get('decision') !== 'allow') return { kind: 'again', problem: 'Allow what you chose, or refuse.' };
  if (iconChanged(form, iconId)) return { kind: 'again', problem: ICON_CHANGED };
  if (offer.kind !== 'accounts') return { kind: 'again', problem: 'There is nothing here that could be allowed.' };
  const read = readStockClientForm(offer, form);
  if (read.kind === 'again') return read;
  const admitted = readTermsConsent(terms, form);
  if (admitted.kind === 'again') return admitted;
  if (isMisnamed(outcomeIn(offer, form), form)) return { kind: 'again', problem: MISNAMED };
  const { linkId, scopes, bearer, lifetimeSeconds } = read;
  const grantId = randomId('con');
  const expiresAt = lifetimeSeconds === null ? null : deps.clock.now() + lifetimeSeconds;
  const answers = scopes.map((scope) => ({ scope, effect: 'allow' }) as const);
  const inserted = await insertConnection(deps, {
    id: grantId,
    ownerId: asked.owner.id,
    client: asked.interaction.client,
    redirectUri: asked.interaction.request.redirectUri,
    shown: [{ hostId: offer.hostId, linkId, answers }],
    expiresAt: expiresAt === null ? null : new Date(expiresAt * 1000),
    // a client that named a key uses only that key
    plain: { resource: offer.resource, bearer: bearer && provesNoKey(asked.interaction) },
    proffer: null,
  });
  if (inserted.kind === 'full') return { kind: 'again', problem: inserted.problem };
  await deps.failpoint('consent.written');
  return { kind: 'allow', grantId, scope: scopes, transferScope: null, expiresAt };
}
