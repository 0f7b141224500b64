import type { Asked } from '@chatelaine/oauth-server-fastify';
import { type ScopeSet, serverMetadataSchema } from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import { scopeSentences, scopesOf } from '../links/scope-sentences.ts';
import { linksAtHost, MOST_OFFERED } from '../consent/connection-store.ts';
import { meantBy } from './extension.ts';

/** One of the owner's accounts at the Host that the request is for. */
export interface OfferedAccount {
  readonly linkId: string;
  readonly label: string;
  /** What was asked for, of what the owner lets the AM pass on. */
  readonly scopes: readonly { readonly scope: string; readonly sentence: string; readonly access: 'read' | 'write' }[];
}

/** What the owner can decide about a request for a resource. Only the owner, signed in, learns which of these it is. */
export type Offer =
  | {
      readonly kind: 'accounts';
      /** The connection's resource as the Host names it; the request may have spelled it differently. */
      readonly resource: string;
      readonly hostId: string;
      readonly hostName: string;
      readonly hostIssuer: string;
      /** Whether the Host issues tokens that are bound to no key. */
      readonly bearer: boolean;
      /** At least one, each with something to offer. */
      readonly accounts: readonly OfferedAccount[];
      /** Whether the owner has more accounts there than are offered. */
      readonly hasMore: boolean;
      /**
       * Scopes that were asked for, but exceed what the owner lets the AM pass on, or are given only to apps that sign
       * their own statements (PROTOCOL §3.6).
       */
      readonly beyond: readonly string[];
    }
  /**
   * The Host knows none of the scopes that were asked for. There is nothing to decide, and it must not be treated as if
   * no scope had been named.
   */
  | { readonly kind: 'unknown_scopes'; readonly hostName: string; readonly scopes: ScopeSet }
  /** Linked, but the Host names no such resource, or the request could mean several of its resources. */
  | {
      readonly kind: 'unknown_resource';
      readonly hostName: string;
      readonly address: string;
      readonly resources: readonly string[];
    }
  /**
   * The Host gives everything that was asked for only to apps that sign their own statements, which this one cannot.
   * PROTOCOL §3.6.
   */
  | { readonly kind: 'needs_signature'; readonly hostName: string; readonly sentences: readonly string[] }
  /** Linked, but the ceiling allows nothing of what was asked for. */
  | { readonly kind: 'beyond_ceiling'; readonly hostName: string; readonly sentences: readonly string[] }
  | { readonly kind: 'broken'; readonly hostName: string; readonly labels: readonly string[] }
  /** Unknown to the AM, or not linked by this owner: they need not learn which. */
  | { readonly kind: 'not_linked'; readonly address: string };

/** Reads what the owner has at the Host that the resource belongs to. */
export async function readOffer(
  deps: Pick<Deps, 'prisma'>,
  { asked: who, resource }: { asked: Asked; resource: string },
): Promise<Offer> {
  const address = new URL(resource).origin;
  const links = await linksAtHost(deps, { ownerId: who.owner.id, issuer: address });
  const host = links[0]?.host;
  if (host === undefined) return { kind: 'not_linked', address };
  const meant = meantBy(resource, host.resources);
  // linking it again would change nothing
  if (meant === null) return { kind: 'unknown_resource', hostName: host.name, address, resources: host.resources };
  const active = links.filter(({ state }) => state === 'active');
  if (active.length === 0) return { kind: 'broken', hostName: host.name, labels: links.map(({ label }) => label) };
  const live = active.slice(0, MOST_OFFERED);
  const { scope } = who.interaction.request;
  const known = Object.keys(Object(host.transferScopes) as Record<string, unknown>);
  // RFC 6749 §3.3: scopes that the Host does not know (offline_access, openid, made-up ones) are left out, and the
  // answer's `scope` says so
  const asked = scope.filter((each) => known.includes(each));
  if (asked.length === 0 && scope.length > 0) return { kind: 'unknown_scopes', hostName: host.name, scopes: scope };
  const { chatelaine_requester_statement_scopes: signed = [] } = serverMetadataSchema.parse(host.metadata);
  const accounts = live
    .map(({ id, label, transferScope }) => ({
      linkId: id,
      label,
      scopes: scopesOf(
        host,
        (scope.length === 0 ? transferScope : asked).filter(
          (scope) => transferScope.includes(scope) && !signed.includes(scope),
        ),
      ),
    }))
    .filter(({ scopes }) => scopes.length > 0);
  const unsigned = asked.filter((scope) => !signed.includes(scope));
  if (accounts.length === 0 && asked.length > 0 && unsigned.length === 0)
    return {
      kind: 'needs_signature',
      hostName: host.name,
      sentences: scopeSentences(host, asked).map(({ sentence }) => sentence),
    };
  if (accounts.length === 0)
    return {
      kind: 'beyond_ceiling',
      hostName: host.name,
      sentences: scopeSentences(host, asked).map(({ sentence }) => sentence),
    };
  const offered = new Set(accounts.flatMap(({ scopes }) => scopes.map(({ scope }) => scope)));
  return {
    kind: 'accounts',
    resource: meant,
    hostId: host.id,
    hostName: host.name,
    hostIssuer: host.issuer,
    bearer: host.bearer,
    accounts,
    hasMore: active.length > MOST_OFFERED,
    beyond: scopeSentences(
      host,
      asked.filter((scope) => !offered.has(scope)),
    ).map(({ sentence }) => sentence),
  };
}
