import type { GrantEntry } from '@chatelaine/oauth-server-pg';
import type { ScopeSet } from '@chatelaine/protocol';

/** A Requester that has had tokens through a link. Its identity is the pair of the AM and `id`. */
export interface RequesterAccess {
  readonly id: string;
  /** What the AM calls it; nobody has verified it. */
  readonly name: string | null;
  readonly uri: string | null;
  /** Epoch seconds, as all times here. */
  readonly firstTokenAt: number;
  readonly lastTokenAt: number;
  /** When the AM told that the owner stopped it; null while it may get more tokens. */
  readonly endedAt: number | null;
}

/** One link: an AM that may ask for tokens to an owner's data. */
export interface LinkAccess {
  readonly id: string;
  /** The AM's issuer. */
  readonly am: string;
  /** The most it may ask for. PROTOCOL §2.2. */
  readonly ceiling: ScopeSet;
  readonly since: number;
  /** null: until it is ended. */
  readonly until: number | null;
  readonly requesters: readonly RequesterAccess[];
}

export function toLinkAccess(grant: GrantEntry): LinkAccess {
  return {
    id: grant.id,
    // the client was admitted by exactly this form: <AM>/clients/<tag>
    am: new URL(grant.clientId).origin,
    ceiling: grant.transferScope ?? [],
    since: grant.createdAt,
    until: grant.expiresAt,
    requesters: grant.transfers.map(({ requester, name, uri, firstMintedAt, lastMintedAt, endedAt }) => ({
      id: requester,
      name,
      uri,
      firstTokenAt: firstMintedAt,
      lastTokenAt: lastMintedAt,
      endedAt,
    })),
  };
}
