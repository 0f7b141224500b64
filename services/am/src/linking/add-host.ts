import { setTimeout as sleep } from 'node:timers/promises';
import { sha256 } from '@chatelaine/crypto';
import { discover, type DiscoveryFault, linkRedirectUri, startAuthorization } from '@chatelaine/oauth-client';
import { formatScope, issuerFromAddress, LIFETIME, type Issuer } from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import { saveAttempt } from './attempt-store.ts';
import { clientAt, clientDeps } from '../links/host-client.ts';
import { addOwner } from '../links/owner-store.ts';
import { hasActiveLink, type KnownHost, rememberHost } from './host-store.ts';
import { secretAad } from '../links/link-secrets.ts';

export type AddHostDeps = Pick<
  Deps,
  'config' | 'clock' | 'keys' | 'outbound' | 'pool' | 'prisma' | 'vault' | 'rateLimits' | 'log'
>;

export interface AddHostInput {
  /** As the owner typed it. */
  readonly address: string;
  readonly ownerId: string;
  /** SHA-256 of the session: only it may finish. */
  readonly sessionHash: Buffer;
  /** A link at that Host that the new one replaces. */
  readonly replaces?: string;
  /** The local path to continue at once it is linked. */
  readonly returnTo?: string | null;
}

export type AddHostOutcome =
  | {
      readonly kind: 'started';
      readonly host: KnownHost;
      readonly authorizationUrl: string;
      readonly expiresIn: number;
    }
  /**
   * There is already a link at that Host, and a request waits for it: the Host's metadata was read again, and there is
   * nothing more to do.
   */
  | { readonly kind: 'linked'; readonly returnTo: string }
  /** `sentence` may be shown on a page, and reveals nothing about what was or was not at the address. */
  | { readonly kind: 'refused'; readonly sentence: string };

/**
 * Finds a Host at an address, and asks it for a link: the owner's browser goes there next. Counted per owner, because
 * every address is a request made on behalf of whoever typed it. PROTOCOL §2.2.
 */
export async function addHost(deps: AddHostDeps, input: AddHostInput): Promise<AddHostOutcome> {
  const issuer = issuerFromAddress(input.address, deps.config.schemes);
  if (issuer === null) return refused('That is not the address of a service. It looks like photos.example.org.');
  // PROTOCOL §2.2: the AM never accepts itself as a Host
  if (issuer === deps.config.issuer)
    return refused(`${issuer} is this service itself. Enter the address of the service that has your data.`);
  const points = deps.config.limits.hostsAddedPerHour;
  await deps.rateLimits.consume({ name: 'add_host', points, perSeconds: 3600 }, input.ownerId);
  const found = await findHost(deps, issuer);
  if (found.kind === 'refused') return found;
  const { returnTo = null } = input;
  // a second account is added from the list of Hosts; an owner who comes from a question wants to continue with that
  if (returnTo !== null && (await hasActiveLink(deps, { ownerId: input.ownerId, hostId: found.host.id })))
    return { kind: 'linked', returnTo };
  return start(deps, input, found.host);
}

async function findHost(
  deps: AddHostDeps,
  issuer: Issuer,
): Promise<{ kind: 'found'; host: KnownHost } | { kind: 'refused'; sentence: string }> {
  const { outbound, config, log } = deps;
  // every failure takes equally long, so that the time reveals nothing either
  const enough = sleep(config.limits.discoveryFailureSeconds * 1000);
  const discovery = await discover({ outbound, schemes: config.schemes }, { issuer, role: 'host' });
  if (discovery.kind === 'failed') {
    log.info(
      { event: 'host_not_added', issuer, reason: discovery.reason, detail: discovery.detail },
      'no Host at an address',
    );
    if (NEUTRAL.has(discovery.reason)) await enough;
    return refused(
      NEUTRAL.has(discovery.reason)
        ? nothingAt(issuer)
        : `${issuer} is not a service that ${config.name} can work with. ${discovery.sentence}`,
    );
  }
  if (Object.keys(discovery.metadata.chatelaine_transfer_scopes ?? {}).length === 0) {
    return refused(`${issuer} has nothing that can be shared through ${config.name}.`);
  }
  const remembered = await rememberHost(deps, discovery);
  if (remembered.kind === 'moved') {
    log.warn({ event: 'host_moved', issuer }, 'a linked Host names other endpoints than before');
    return refused(
      `${issuer} says that its sign-in or token addresses have changed, while people are linked to it. ` +
        'So nothing was added; whoever runs this service has to look into it.',
    );
  }
  return { kind: 'found', host: remembered.host };
}

// errors that only mean that no Host is there; the others come from a server that did describe itself
const NEUTRAL: ReadonlySet<DiscoveryFault> = new Set(['bad_issuer', 'unreachable', 'not_metadata', 'other_issuer']);

async function start(
  deps: AddHostDeps,
  { ownerId, sessionHash, replaces, returnTo }: AddHostInput,
  host: KnownHost,
): Promise<AddHostOutcome> {
  const started = await startAuthorization(clientDeps(deps), {
    server: host.metadata,
    client: clientAt(deps, host.issuer),
    redirectUri: linkRedirectUri(deps.config.issuer, host.issuer),
    params: { transfer_scope: formatScope(Object.keys(host.metadata.chatelaine_transfer_scopes ?? {})) },
  });
  if (started.kind !== 'ok') {
    deps.log.warn(
      { event: 'link_not_started', hostId: host.id, outcome: started.kind, reason: reasonOf(started) },
      'a Host did not take the request for a link',
    );
    return refused(
      `${host.name} (${host.issuer}) did not take the request. Try again in a moment; ` +
        `if it stays so, ask whoever runs ${host.name} whether it accepts links from ${deps.config.issuer}.`,
    );
  }
  const stateHash = sha256(started.state);
  await addOwner(deps.pool, ownerId);
  const verifier = deps.vault.encrypt(
    started.verifier,
    secretAad({ row: stateHash.toString('base64url'), ownerId, column: 'verifier' }),
  );
  await saveAttempt(deps, {
    stateHash,
    ownerId,
    sessionHash,
    hostId: host.id,
    verifier,
    lifetimeSeconds: LIFETIME.interaction,
    replaces: replaces ?? null,
    returnTo: returnTo ?? null,
  });
  return { kind: 'started', host, authorizationUrl: started.authorizationUrl, expiresIn: started.expiresIn };
}

function reasonOf(failure: { kind: string; reason?: string; error?: { error: string } }): string | undefined {
  return failure.reason ?? failure.error?.error;
}

const nothingAt = (issuer: string): string =>
  `${issuer} is not a service that can be linked, or could not be reached. ` +
  'Check the address, or try again in a moment.';

const refused = (sentence: string): { kind: 'refused'; sentence: string } => ({ kind: 'refused', sentence });
