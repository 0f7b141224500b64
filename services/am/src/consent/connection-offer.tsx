import { randomId } from '@chatelaine/crypto';
import type { Asked, ConsentDecision, ConsentOffer } from '@chatelaine/oauth-server-fastify';
import { type FormParams, TRANSFER_SCOPE } from '@chatelaine/protocol';
import { renderPage } from '@chatelaine/ui';
import { readLinkHostAnswer } from '../combined-registration/host-form.ts';
import { keptIn, type OfferedHost } from '../combined-registration/offered-host.ts';
import type { CombinedRegistration } from '../combined-registration/combined-registration.ts';
import type { Deps } from '../deps.ts';
import { readOwnName } from '../identity/own-name-store.ts';
import { readTermsConsent, readTermsOffer, shownTerms, type TermsOffer } from '../terms/choice.ts';
import { makeProffer } from '../terms/proffer.ts';
import { ADD_FIELD, addServiceHref } from './add-service.ts';
import { type Again, againOf, leftFor } from './again.ts';
import { addToConnection, liveConnections } from './again-store.ts';
import { readPaused } from '../connections/pause-store.ts';
import { brokenLinks, insertConnection, offeredLinks } from './connection-store.ts';
import { readConsentForm } from './consent-form.ts';
import { ICON_CHANGED, iconChanged, withIcon } from '../identity/icon-field.ts';
import { iconOf } from '../icons/icon-of.ts';
import { ConsentPage } from './consent-page.tsx';
import { markWanted, type Offered } from './offered.ts';
import { isMisnamed, MISNAMED, outcomeOf } from './outcome.ts';
import { presetIn } from './prefill.ts';
import { readBeginnings } from '../rules/defaults-store.ts';
import { wantsOf } from './wants.ts';

export type ConsentDeps = Pick<
  Deps,
  'config' | 'clock' | 'pool' | 'prisma' | 'keys' | 'terms' | 'failpoint' | 'log'
> & {
  readonly combinedRegistration: CombinedRegistration;
};

/**
 * What an owner can decide about a Requester that wants to connect: their links, and the Host that it brings with it.
 * PROTOCOL §2.1, §2.3.
 */
export async function connectionOffer(deps: ConsentDeps, asked: Asked): Promise<ConsentOffer> {
  const { id } = asked.owner;
  const { client } = asked.interaction;
  const [own, broken, terms, live, beginnings, ownName, iconId, paused] = await Promise.all([
    offeredLinks(deps, id),
    brokenLinks(deps, id),
    readTermsOffer(deps, { ownerId: id, client, kind: 'requester' }),
    liveConnections(deps, { ownerId: id, clientId: client.id }),
    readBeginnings(deps, id),
    readOwnName(deps, { ownerId: id, clientId: client.id }),
    iconOf(deps, client),
    readPaused(deps, { ownerId: id, clientId: client.id }),
  ]);
  const host = hostIn(asked);
  const wants = wantsOf(asked, deps.config.schemes);
  const again = againOf(asked, { live, wants, bringsHost: host !== null });
  const offered: Offered = { links: markWanted(leftFor(again, own.links), wants), hasMore: own.hasMore, wants };
  return {
    facts: { offered, broken, host, terms: shownTerms(terms), again, ownName },
    render: async (given, _request, reply) => {
      const view = withIcon(given, iconId);
      const page = { view, offered, broken, terms, again, ownName, iconId, own: own.links, beginnings, paused };
      return renderPage(reply, <ConsentPage {...page} />);
    },
    decide: async (form) => {
      const next = nextOf(asked, form);
      if (next !== null) return next;
      if (iconChanged(form, iconId)) return { kind: 'again', problem: ICON_CHANGED };
      return again.kind === 'adds'
        ? add(deps, { asked, links: offered.links, again, form })
        : connect(deps, { asked, links: offered.links, host, terms, form });
    },
  };
}

/** What the form says other than yes; null if it says yes. */
function nextOf({ interaction }: Asked, form: FormParams): ConsentDecision | null {
  if (form.get('decision') === 'deny') return { kind: 'deny' };
  const address = form.get(ADD_FIELD);
  if (address !== undefined) return { kind: 'leave', to: addServiceHref(interaction, address) };
  if (presetIn(form) !== null || !form.has('decision')) return { kind: 'choosing' };
  return form.get('decision') === 'allow' ? null : { kind: 'again', problem: 'Allow what you chose, or refuse.' };
}

/** Adds to an existing connection, which otherwise stays as it is; the code is a further one for it. */
async function add(
  deps: ConsentDeps,
  input: { asked: Asked; links: Offered['links']; again: Extract<Again, { kind: 'adds' }>; form: FormParams },
): Promise<ConsentDecision> {
  const { asked, links, again, form } = input;
  const { connection, jkt } = again;
  const read = readConsentForm(links, form, 'anything');
  if (read.kind === 'again') return read;
  if (isMisnamed(outcomeOf(links, form), form)) return { kind: 'again', problem: MISNAMED };
  const { client, begunAt } = asked.interaction;
  const whose = { id: connection.id, ownerId: asked.owner.id, clientId: client.id, jkt, begunAt };
  if (!(await addToConnection(deps, { ...whose, shown: read.shown })))
    return {
      kind: 'again',
      problem: 'You have stopped something of this app since it asked. Refuse this, and start again in the app.',
    };
  await deps.failpoint('consent.written');
  const expiresAt = connection.expires_at === null ? null : connection.expires_at.getTime() / 1000;
  return {
    kind: 'allow',
    grant: 'live',
    grantId: connection.id,
    scope: [TRANSFER_SCOPE],
    transferScope: null,
    expiresAt,
  };
}

function hostIn(asked: Asked): OfferedHost | null {
  const kept = keptIn(asked);
  return kept === null ? null : { host: kept.host, name: kept.name, sentences: kept.sentences };
}

const NO_HOST = { kind: 'no' } as const;
const NOTHING_TO_ADMIT = { kind: 'admitted' } as const;

/** Makes a connection, the client's first or a further one. */
async function connect(
  deps: ConsentDeps,
  input: { asked: Asked; links: Offered['links']; host: OfferedHost | null; terms: TermsOffer; form: FormParams },
): Promise<ConsentDecision> {
  const { asked, links, host, terms, form } = input;
  const ownerId = asked.owner.id;
  const linkHost = host === null ? NO_HOST : readLinkHostAnswer(host.name, form);
  if (linkHost.kind === 'again') return linkHost;
  const read = readConsentForm(links, form, host === null ? 'something' : 'anything');
  if (read.kind === 'again') return read;
  if (read.shown.length === 0 && linkHost.kind === 'no') return { kind: 'deny' };
  const wanted = readTermsConsent(terms, form);
  if (wanted.kind === 'again') return wanted;
  if (isMisnamed(outcomeOf(links, form), form)) return { kind: 'again', problem: MISNAMED };
  const admitted = linkHost.kind === 'link' ? await deps.combinedRegistration.admit(asked) : NOTHING_TO_ADMIT;
  if (admitted.kind === 'again') return admitted;
  const grantId = randomId('con');
  const expiresAt = read.lifetimeSeconds === null ? null : deps.clock.now() + read.lifetimeSeconds;
  const { client } = asked.interaction;
  const proffer =
    wanted.chosen.length === 0
      ? null
      : await makeProffer(deps, { connectionId: grantId, clientId: client.id, terms: wanted.chosen });
  const inserted = await insertConnection(deps, {
    id: grantId,
    ownerId,
    client,
    redirectUri: asked.interaction.request.redirectUri,
    shown: read.shown,
    expiresAt: expiresAt === null ? null : new Date(expiresAt * 1000),
    proffer,
  });
  if (inserted.kind === 'full') return { kind: 'again', problem: inserted.problem };
  if (linkHost.kind === 'link') await deps.combinedRegistration.keep({ asked, connectionId: grantId });
  await deps.failpoint('consent.written');
  return { kind: 'allow', grantId, scope: [TRANSFER_SCOPE], transferScope: null, expiresAt };
}
