import { hostTag } from '@chatelaine/crypto';
import { createDiscoveryCache, type DiscoveryCache } from '@chatelaine/oauth-client';
import type { ExtensionReading, ExtensionRequest, RequestExtension } from '@chatelaine/oauth-server';
import type { Asked } from '@chatelaine/oauth-server-fastify';
import { LIMIT } from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import { rememberHost } from '../linking/host-store.ts';
import { secretAad } from '../links/link-secrets.ts';
import { checkHost } from './check-host.ts';
import { keepPendingLink } from './pending-link-store.ts';
import { COMBINED_REGISTRATION, type Kept, keptIn } from './offered-host.ts';
import { redeemHostGrant, type RedeemHostGrantDeps } from './redeem.ts';

export type CombinedRegistrationDeps = RedeemHostGrantDeps & Pick<Deps, 'rateLimits'>;

/** A Requester that is also a Host, in one step. PROTOCOL §2.3. */
export interface CombinedRegistration {
  /** Reads `host` and `host_grant` of a pushed request, and uses them when the Requester redeems its code. */
  readonly extension: RequestExtension;
  /**
   * Reads the client document and the Host's metadata again and remembers the Host, or says why it cannot be linked
   * now.
   */
  admit(asked: Asked): Promise<{ kind: 'admitted' } | { kind: 'again'; problem: string }>;
  /** The owner agreed to link the Host of this request together with this connection. */
  keep(input: { asked: Asked; connectionId: string }): Promise<void>;
}

type WithDiscovery = CombinedRegistrationDeps & { readonly discovery: DiscoveryCache };

export function createCombinedRegistration(parts: CombinedRegistrationDeps): CombinedRegistration {
  const { config, clock, outbound } = parts;
  const deps = { ...parts, discovery: createDiscoveryCache({ outbound, schemes: config.schemes, clock }) };
  return {
    extension: {
      name: COMBINED_REGISTRATION,
      read: (request) => read(deps, request),
      redeemed: (redemption) => redeemHostGrant(deps, redemption),
    },
    admit: (asked) => admit(deps, asked),
    keep: (input) => keep(deps, input),
  };
}

/** The syntax of any Host's token. */
const HOST_GRANT = new RegExp(`^[\\x21-\\x7e]{1,${LIMIT.tokenChars}}$`);

async function read(
  deps: WithDiscovery,
  { way, client, params, codeChallenge, fetchDocument }: ExtensionRequest,
): Promise<ExtensionReading> {
  const [host, hostGrant] = [params.get('host'), params.get('host_grant')];
  if (host === undefined && hostGrant === undefined) return { kind: 'none' };
  if (host === undefined || hostGrant === undefined) return refused('host and host_grant come together.');
  // in the address of an authorization request, anybody could read it or make one up
  if (way !== 'pushed') return refused('host and host_grant are pushed (RFC 9126).');
  if (!HOST_GRANT.test(hostGrant)) return refused('host_grant is not a code.');
  const reader = { fetchJson: ({ url }: { url: string }) => fetchDocument(url) };
  const checked = await checkHost(deps, { client, host, reader });
  if (checked.kind === 'refused') return refused(checked.message);
  const { chatelaine_name: name, chatelaine_transfer_scopes: scopes = {} } = checked.found.metadata;
  const data: Kept = {
    host,
    name: name ?? new URL(host).hostname,
    sentences: Object.values(scopes),
    hostGrant: deps.vault.encrypt(hostGrant, requestAad(client.id, codeChallenge)).toString('base64url'),
  };
  return { kind: 'kept', data };
}

async function admit(deps: WithDiscovery, asked: Asked): ReturnType<CombinedRegistration['admit']> {
  const kept = keptIn(asked);
  if (kept === null) return { kind: 'admitted' };
  const { host, name } = kept;
  // either document may have changed by now
  const checked = await checkHost(deps, { client: asked.interaction.client, host, reader: deps.outbound });
  const remembered = checked.kind === 'fits' ? await rememberHost(deps, checked.found) : checked;
  if (remembered.kind === 'remembered') return { kind: 'admitted' };
  deps.log.warn({ event: 'host_not_admitted', issuer: host, outcome: remembered.kind }, 'a Host cannot be linked now');
  return { kind: 'again', problem: `${name} cannot be linked right now. Say no to that for this time, or try again.` };
}

async function keep(
  deps: CombinedRegistrationDeps,
  { asked, connectionId }: Parameters<CombinedRegistration['keep']>[0],
): Promise<void> {
  const kept = keptIn(asked);
  if (kept === null) return;
  const { client, request } = asked.interaction;
  const encrypted = Buffer.from(kept.hostGrant, 'base64url');
  const hostGrant = deps.vault.decrypt(encrypted, requestAad(client.id, request.codeChallenge));
  const aad = secretAad({ row: connectionId, ownerId: asked.owner.id, column: 'host_grant' });
  await keepPendingLink(deps, {
    connectionId,
    hostId: hostTag(kept.host),
    hostGrant: deps.vault.encrypt(hostGrant, aad),
  });
}

/** Nobody has signed in yet, so the secret is bound to the request itself. PROTOCOL §8. */
const requestAad = (clientId: string, codeChallenge: string): string =>
  `${COMBINED_REGISTRATION}|${clientId}|${codeChallenge}`;

const refused = (message: string): ExtensionReading => ({ kind: 'refused', error: 'invalid_request', message });
