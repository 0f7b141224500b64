import { randomId } from '@chatelaine/crypto';
import type { RequestExtension } from '@chatelaine/oauth-server';
import type { ConsentDecision, ConsentView } from '@chatelaine/oauth-server-pg';
import type { FormParams } from '@chatelaine/protocol';
import type { VNode } from 'preact';
import type { Deps } from '../deps.ts';
import { insertConnection } from '../oauth/connection-rows.ts';
import type { TransferDeps } from '../transfer/transfer.ts';
import { provesNoKey, readFacadeForm } from './consent-form.ts';
import { FacadeConsentPage } from './consent-page.tsx';
import { FACADE, readRequest, resourceOf } from './extension.ts';
import { issueHostToken } from './issue.ts';
import { readOffer } from './offer.ts';

/** Stock OAuth clients as Requesters: code + PKCE + `resource`, and what comes back is the Host's own token. PROTOCOL §6. */
export interface Facade {
  /** `resource` in an authorization request, and what codes and refresh tokens of such connections are answered with. */
  readonly extension: RequestExtension;
  /** The consent page of a request of this kind, or null: it is of another. */
  page(view: ConsentView): Promise<VNode | null>;
  /** The owner's answer to such a request; null: it is of another kind. */
  decide(input: { view: ConsentView; form: FormParams }): Promise<ConsentDecision | null>;
}

export type FacadeDeps = TransferDeps & Pick<Deps, 'prisma' | 'clock' | 'failpoint'>;

export function createFacade(deps: FacadeDeps): Facade {
  return {
    extension: {
      name: FACADE,
      read: (request) => readRequest(deps, request),
      issue: (issue) => issueHostToken(deps, issue),
    },
    async page(view) {
      const resource = resourceOf(view);
      if (resource === null) return null;
      const offer = await readOffer(deps, { view, resource });
      const minutesLeft = Math.max(1, Math.floor((view.interaction.expiresAt - deps.clock.now()) / 60));
      return <FacadeConsentPage view={view} offer={offer} resource={resource} minutesLeft={minutesLeft} />;
    },
    async decide({ view, form }) {
      const resource = resourceOf(view);
      return resource === null ? null : decide(deps, { view, form, resource });
    },
  };
}

async function decide(
  deps: FacadeDeps,
  { view, form, resource }: { view: ConsentView; form: FormParams; resource: string },
): Promise<ConsentDecision> {
  // one answer whatever there was to decide: another for scopes that the Host does not know would tell that he has it
  if (form.get('decision') === 'deny') return { kind: 'deny' };
  const offer = await readOffer(deps, { view, resource });
  if (form.get('decision') !== 'allow') return { kind: 'again', problem: 'Choose "Allow" or "Refuse".' };
  if (offer.kind !== 'accounts') return { kind: 'again', problem: 'There is nothing here that could be allowed.' };
  const read = readFacadeForm(offer, form);
  if (read.kind === 'again') return read;
  const { linkId, scopes, bearer, lifetimeSeconds } = read;
  const grantId = randomId('con');
  const expiresAt = lifetimeSeconds === null ? null : deps.clock.now() + lifetimeSeconds;
  const answers = scopes.map((scope) => ({ scope, effect: 'allow' }) as const);
  await insertConnection(deps, {
    id: grantId,
    ownerId: view.owner.id,
    client: view.interaction.client,
    shown: [{ hostId: offer.hostId, linkId, answers }],
    expiresAt: expiresAt === null ? null : new Date(expiresAt * 1000),
    // a key that was named is the only one there will be
    plain: { resource: offer.resource, bearer: bearer && provesNoKey(view.interaction) },
  });
  await deps.failpoint('consent.written');
  return { kind: 'allow', grantId, scope: scopes, transferScope: null, expiresAt };
}
