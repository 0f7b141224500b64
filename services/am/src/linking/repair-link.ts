import { addHost, type AddHostDeps, type AddHostInput, type AddHostOutcome } from './add-host.ts';
import { readReplaceable, type ReplaceableLink } from './repair-store.ts';

export type RepairOutcome =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'asked'; readonly link: ReplaceableLink; readonly outcome: AddHostOutcome };

/**
 * Asks the Host of a link for a new one, to replace it. A working link can be renewed as well: that is how its ceiling
 * is changed. Until the new one is there, the old one stays as it is. PROTOCOL §2.2.
 */
export async function repairLink(
  deps: AddHostDeps,
  { linkId, ownerId, sessionHash }: Omit<AddHostInput, 'address' | 'replaces'> & { linkId: string },
): Promise<RepairOutcome> {
  const link = await readReplaceable(deps, { linkId, ownerId });
  if (link === null) return { kind: 'unknown' };
  const outcome = await addHost(deps, { address: link.hostIssuer, ownerId, sessionHash, replaces: linkId });
  return { kind: 'asked', link, outcome };
}
