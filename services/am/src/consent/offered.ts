import type { Want } from '@chatelaine/protocol';

/** One of the owner's accounts at a Host, as the consent page offers it. */
export interface OfferedLink {
  readonly linkId: string;
  readonly hostId: string;
  readonly hostName: string;
  readonly hostIssuer: string;
  readonly label: string;
  readonly scopes: readonly OfferedScope[];
}

export interface OfferedScope {
  readonly scope: string;
  readonly sentence: string;
  /** By the Host's own word; `write` where it says nothing. PROTOCOL §2.2. */
  readonly access: 'read' | 'write';
  /**
   * The Requester says that it wants it; or it says nothing at all, and then everything is looked at alike. PROTOCOL
   * §2.4.
   */
  readonly isWanted: boolean;
}

/** What there is to choose from on one consent page. */
export interface Offered {
  readonly links: readonly OfferedLink[];
  /** The owner has more accounts than are offered. */
  readonly hasMore: boolean;
  /** What the Requester says that it wants; empty: nothing. */
  readonly wants: readonly Want[];
}

/** An account as it is read, before anybody has asked for anything. */
export type OwnLink = Omit<OfferedLink, 'scopes'> & {
  readonly resources: readonly string[];
  readonly scopes: readonly Omit<OfferedScope, 'isWanted'>[];
};

/** Which of what the owner has the Requester says that it wants. */
export function markWanted(links: readonly OwnLink[], wants: readonly Want[]): OfferedLink[] {
  return links.map(({ resources, scopes, ...link }) => ({
    ...link,
    scopes: scopes.map((one) => ({
      ...one,
      isWanted: wants.length === 0 || wants.some((want) => means(want, one.scope) && isAt(want, resources)),
    })),
  }));
}

/** Whether a want names this scope. */
export const means = (want: Pick<Want, 'scope'>, scope: string): boolean => want.scope.split(' ').includes(scope);

const isAt = ({ resource }: Pick<Want, 'resource'>, resources: readonly string[]): boolean =>
  resource === undefined || resources.includes(resource);

/** The Host that a want is about; null: any. */
export const hostOf = ({ resource }: Pick<Want, 'resource'>): string | null =>
  resource === undefined ? null : new URL(resource).origin;

/** What somebody has of what is wanted. */
export function metBy(want: Want, links: readonly OfferedLink[]): OfferedScope[] {
  const at = hostOf(want);
  return links
    .filter(({ hostIssuer }) => at === null || hostIssuer === at)
    .flatMap(({ scopes }) => scopes.filter(({ scope, isWanted }) => isWanted && means(want, scope)));
}

/** Whether it is the owner's only account at its Host: no answer for many chooses between two of one. */
export const standsAlone = (links: readonly OfferedLink[], { hostId }: OfferedLink): boolean =>
  links.filter((other) => other.hostId === hostId).length === 1;

/** Hosts that are wanted and of which the owner has no account that works. */
export function missing({ wants, links }: Pick<Offered, 'wants' | 'links'>): string[] {
  const wanted = wants.map(hostOf).filter((host) => host !== null);
  return [...new Set(wanted)].filter((host) => links.every(({ hostIssuer }) => hostIssuer !== host));
}
