import { setTimeout as sleep } from 'node:timers/promises';
import type { Discovered, DiscoveryCache, DocumentReader } from '@chatelaine/oauth-client';
import type { ExtensionRequest } from '@chatelaine/oauth-server';
import { waitOnOthers } from '@chatelaine/service-kit';
import type { Deps } from '../deps.ts';

export type CheckedHost =
  | { readonly kind: 'fits'; readonly found: Discovered }
  /** `message` is for the client's developer. */
  | { readonly kind: 'refused'; readonly message: string };

// each request may make us read a Host's documents; a Requester with more new users than this makes some of them retry
const CHECKS = { name: 'both_host', points: 120, perSeconds: 60 };

/**
 * Whether client and Host are one service: the client's document names the Host, and the Host's metadata the client.
 * One of the two alone would let anybody speak for somebody else. PROTOCOL §2.3.
 */
export async function checkHost(
  deps: Pick<Deps, 'config' | 'rateLimits'> & { readonly discovery: DiscoveryCache },
  { client, host, reader }: Pick<ExtensionRequest, 'client'> & { host: string; reader: DocumentReader },
): Promise<CheckedHost> {
  if (client.source !== 'document' || client.authMethod !== 'private_key_jwt')
    return refused('host needs a client document, and a client that authenticates with private_key_jwt.');
  if (client.host !== host) return refused('host is not the chatelaine_host of the client document.');
  if (host === deps.config.issuer) return refused('host is this authorization manager itself.');
  // another request may be reading it already: this one then waits for the same read
  waitOnOthers({ requester: client.id });
  await deps.rateLimits.consume(CHECKS, client.id);
  const named = { issuer: host, role: 'host' } as const;
  // every failure takes equally long, so that the time reveals nothing about the address
  const enough = sleep(deps.config.limits.discoveryFailureSeconds * 1000, undefined, { ref: false });
  const found = await deps.discovery.discover(named, reader);
  if (found.kind === 'failed') {
    await enough;
    return refused(`host is not a Host that can be linked. ${found.sentence}`);
  }
  const { metadata } = found;
  if (metadata.chatelaine_requester !== client.id) {
    // its metadata may name the client the next time
    deps.discovery.forget(named);
    return refused('The metadata of host does not name this client as chatelaine_requester.');
  }
  if (Object.keys(metadata.chatelaine_transfer_scopes ?? {}).length === 0)
    return refused('host has nothing that can be shared.');
  return { kind: 'fits', found };
}

const refused = (message: string): CheckedHost => ({ kind: 'refused', message });
