import type { Asked } from '@chatelaine/oauth-server-fastify';
import type { LiveConnection } from './again-store.ts';
import type { Offered, OfferedLink, OwnLink } from './offered.ts';

/** How a request relates to the live connections of its client. */
export type Again =
  | { readonly kind: 'first' }
  /** Anybody could have made the request: what the owner agrees to becomes a further connection. */
  | { readonly kind: 'beside'; readonly connections: readonly LiveConnection[] }
  /**
   * The request names the key of this connection, and only the holder of that key can use the code: what the owner
   * agrees to is added to the connection. PROTOCOL §2.1.
   */
  | { readonly kind: 'adds'; readonly connection: LiveConnection; readonly jkt: string };

interface Asking {
  readonly live: readonly LiveConnection[];
  readonly wants: Offered['wants'];
  /** Whether the request brings a Host with it, which needs a connection of its own. PROTOCOL §2.3. */
  readonly bringsHost: boolean;
}

/**
 * Decides how a request relates to what its client has. A client that does not say what it wants has nothing to add.
 */
export function againOf({ interaction: { request } }: Pick<Asked, 'interaction'>, asking: Asking): Again {
  const { live, wants, bringsHost } = asking;
  const { jkt, isAuthenticated } = request;
  if (jkt !== null && wants.length > 0 && !bringsHost) {
    // PROTOCOL §2.1: a connection that was authenticated is only added to by an authenticated request
    const own = live.find((one) => one.jkt === jkt && (isAuthenticated || !one.authenticated));
    if (own !== undefined) return { kind: 'adds', connection: own, jkt };
  }
  return live.length === 0 ? { kind: 'first' } : { kind: 'beside', connections: live };
}

/**
 * What is left to choose from: for an existing connection, only what it does not have, at the accounts that it uses.
 */
export function leftFor(again: Again, links: readonly OwnLink[]): OwnLink[] {
  if (again.kind !== 'adds') return [...links];
  const { shown } = again.connection;
  return links.flatMap((link) => {
    const there = shown.find(({ hostId }) => hostId === link.hostId);
    if (there === undefined) return [link];
    const scopes = link.scopes.filter(({ scope }) => !there.scopes.includes(scope));
    return there.linkId === link.linkId && scopes.length > 0 ? [{ ...link, scopes }] : [];
  });
}

/** What the connection has already, in words for the owner. */
export function hasAlready(
  again: Again,
  links: readonly OwnLink[],
): { readonly account: string; readonly sentences: readonly string[] }[] {
  const connections = again.kind === 'adds' ? [again.connection] : again.kind === 'beside' ? again.connections : [];
  return links.flatMap(({ linkId, hostName, label, scopes }) => {
    const has = new Set(
      connections.flatMap(({ shown }) => shown.filter((one) => one.linkId === linkId).flatMap((one) => one.scopes)),
    );
    const sentences = scopes.filter(({ scope }) => has.has(scope)).map(({ sentence }) => sentence);
    return sentences.length === 0 ? [] : [{ account: `${hostName}: ${label}`, sentences }];
  });
}

/** What the connection would get of what it wants and does not have, in a few words. */
export function newOf(
  links: readonly OfferedLink[],
): { readonly host: string; readonly reads: boolean; readonly writes: boolean }[] {
  return [...Map.groupBy(links, ({ hostName }) => hostName)].flatMap(([host, at]) => {
    const wanted = at.flatMap(({ scopes }) => scopes.filter(({ isWanted }) => isWanted));
    const reads = wanted.some(({ access }) => access === 'read');
    const writes = wanted.some(({ access }) => access === 'write');
    return reads || writes ? [{ host, reads, writes }] : [];
  });
}
