import { randomId } from '@chatelaine/crypto';
import type { Asked, ConsentDecision, ConsentOffer } from '@chatelaine/oauth-server-fastify';
import { type FormParams, TRANSFER_SCOPE } from '@chatelaine/protocol';
import { renderPage } from '@chatelaine/service-kit';
import { readHalfAnswer } from '../combined-registration/host-form.ts';
import { keptIn, type OfferedHost } from '../combined-registration/offered-host.ts';
import type { CombinedRegistration } from '../combined-registration/combined-registration.ts';
import type { Deps } from '../deps.ts';
import { brokenLinks, insertConnection, offeredLinks } from './connection-store.ts';
import { type OfferedLink, readConsentForm } from './consent-form.ts';
import { ConsentPage } from './consent-page.tsx';

export type ConsentDeps = Pick<Deps, 'config' | 'clock' | 'prisma' | 'failpoint'> & {
  readonly combinedRegistration: CombinedRegistration;
};

/** What an owner can decide about a Requester that wants to connect: their links, and the Host that it brings along. PROTOCOL §2.1, §2.3. */
export async function connectionOffer(deps: ConsentDeps, asked: Asked): Promise<ConsentOffer> {
  const { id } = asked.owner;
  const [offered, broken] = await Promise.all([offeredLinks(deps, id), brokenLinks(deps, id)]);
  const host = hostIn(asked);
  return {
    facts: { offered, broken, host },
    render: async (view, _request, reply) =>
      renderPage(reply, <ConsentPage view={view} offered={offered} broken={broken} />),
    decide: (form) => decide(deps, { asked, links: offered.links, host, form }),
  };
}

function hostIn(asked: Asked): OfferedHost | null {
  const kept = keptIn(asked);
  return kept === null ? null : { host: kept.host, name: kept.name, sentences: kept.sentences };
}

const NO_HALF = { kind: 'no' } as const;
const NOTHING_TO_ADMIT = { kind: 'admitted' } as const;

async function decide(
  deps: ConsentDeps,
  input: { asked: Asked; links: readonly OfferedLink[]; host: OfferedHost | null; form: FormParams },
): Promise<ConsentDecision> {
  const { asked, links, host, form } = input;
  const ownerId = asked.owner.id;
  if (form.get('decision') === 'deny') return { kind: 'deny' };
  if (form.get('decision') !== 'allow') return { kind: 'again', problem: 'Choose "Connect" or "Refuse".' };
  const half = host === null ? NO_HALF : readHalfAnswer(host.name, form);
  if (half.kind === 'again') return half;
  const read = readConsentForm(links, form, host === null ? 'something' : 'anything');
  if (read.kind === 'again') return read;
  if (read.shown.length === 0 && half.kind === 'no') return { kind: 'deny' };
  const admitted = half.kind === 'link' ? await deps.combinedRegistration.admit(asked) : NOTHING_TO_ADMIT;
  if (admitted.kind === 'again') return admitted;
  const grantId = randomId('con');
  const expiresAt = read.lifetimeSeconds === null ? null : deps.clock.now() + read.lifetimeSeconds;
  const inserted = await insertConnection(deps, {
    id: grantId,
    ownerId,
    client: asked.interaction.client,
    redirectUri: asked.interaction.request.redirectUri,
    shown: read.shown,
    expiresAt: expiresAt === null ? null : new Date(expiresAt * 1000),
  });
  if (inserted.kind === 'full') return { kind: 'again', problem: inserted.problem };
  if (half.kind === 'link') await deps.combinedRegistration.keep({ asked, connectionId: grantId });
  await deps.failpoint('consent.written');
  return { kind: 'allow', grantId, scope: [TRANSFER_SCOPE], transferScope: null, expiresAt };
}
