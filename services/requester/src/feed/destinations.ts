import type { Deps } from '../deps.ts';
import { listOffers, type Source } from './sources.ts';
import type { Trouble } from './trouble.ts';

/** Where something is to be posted, as a form names it. */
export interface Destination {
  readonly connectionId: string;
  readonly resource: string;
}

/** A Host that the form names. `trouble`: its AM could not be asked what it offers. */
export interface Meant extends Source {
  readonly trouble: Trouble | null;
}

/**
 * The Hosts that a form names, as their AMs offer them now; null if one of them is not this owner's. If an AM does not
 * answer, its Hosts are assumed as the form names them.
 */
export async function destinationsOf(
  deps: Pick<Deps, 'requester' | 'config'>,
  { owner, destinations }: { owner: string; destinations: readonly Destination[] },
): Promise<readonly Meant[] | null> {
  const connections = await deps.requester.connections(owner);
  const meant = connections.filter(({ connectionId }) =>
    destinations.some((destination) => destination.connectionId === connectionId),
  );
  const offers = await listOffers(deps, { owner, connections: meant, doing: 'post' });
  const found = destinations.map(({ connectionId, resource }) => {
    const offer = offers.find(({ connection }) => connection.connectionId === connectionId);
    if (offer === undefined) return null;
    const { connection, trouble, writable } = offer;
    const source = writable.find((one) => one.resource === resource);
    if (source !== undefined) return { ...source, trouble: null };
    const host = URL.parse(resource)?.host;
    if (trouble === null || host === undefined) return null;
    return { connectionId, am: connection.am, resource, name: host, account: '', trouble };
  });
  return found.every((one) => one !== null) ? found : null;
}
