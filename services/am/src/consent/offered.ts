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
  /** As the Host declares it; `write` where it says nothing. PROTOCOL §2.2. */
  readonly access: 'read' | 'write';
  /** Whether the Requester says that it wants this scope; true for every scope where it says nothing. PROTOCOL §2.4. */
  readonly isWanted: boolean;
}

/** What a consent page offers. */
export interface Offered {
  readonly links: readonly OfferedLink[];
  /** Whether the owner has more accounts than are offered. */
  readonly hasMore: boolean;
  /** What the Requester says that it wants; empty if it says nothing. */
  readonly wants: readonly Want[];
}

/** An account as it is stored, before a Requester's wants are considered. */
export type OwnLink = Omit<OfferedLink, 'scopes'> & {
  readonly resources: readonly string[];
  readonly scopes: readonly Omit<OfferedScope, 'isWanted'>[];
};

/** Marks which of the owner's scopes the Requester says that it wants. */
export function markWanted(links: readonly OwnLink[], wants: readonly Want[]): OfferedLink[] {
  return links.map(({ resources, scopes, ...link }) => ({
    ...link,
    scopes: scopes.map((one) => ({
      ...one,
      isWanted: wants.length === 0 || wants.some((want) => namesScope(want, one.scope) && isAt(want, resources)),
    })),
  }));
}

/** Whether a want names this scope. */
export const namesScope = (want: Pick<Want, 'scope'>, scope: string): boolean => want.scope.split(' ').includes(scope);

const isAt = ({ resource }: Pick<Want, 'resource'>, resources: readonly string[]): boolean =>
  resource === undefined || resources.includes(resource);

/** The origin of the Host that a want is about; null: any Host. */
export const hostOf = ({ resource }: Pick<Want, 'resource'>): string | null =>
  resource === undefined ? null : new URL(resource).origin;

/** The scopes that the owner has and that meet a want. */
export function scopesMeeting(want: Want, links: readonly OfferedLink[]): OfferedScope[] {
  const at = hostOf(want);
  return links
    .filter(({ hostIssuer }) => at === null || hostIssuer === at)
    .flatMap(({ scopes }) => scopes.filter(({ scope, isWanted }) => isWanted && namesScope(want, scope)));
}

/** Whether it is the owner's only account at its Host. Presets never choose between several. */
export const isOnlyAccount = (links: readonly OfferedLink[], { hostId }: OfferedLink): boolean =>
  links.filter((other) => other.hostId === hostId).length === 1;

/** Hosts that the Requester wants, and where the owner has no working account. */
export function missingHosts({ wants, links }: Pick<Offered, 'wants' | 'links'>): string[] {
  const wanted = wants.map(hostOf).filter((host) => host !== null);
  return [...new Set(wanted)].filter((host) => links.every(({ hostIssuer }) => hostIssuer !== host));
}
