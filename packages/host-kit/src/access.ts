import type { GrantEntry } from '@chatelaine/oauth-server-pg';
import type { ScopeSet } from '@chatelaine/protocol';

/** A Requester that has had tokens through a link. It is identified by the AM's issuer together with `id`. */
export interface RequesterAccess {
  readonly id: string;
  /** Its name, as the AM gave it; nobody has verified it. */
  readonly name: string | null;
  readonly uri: string | null;
  /** Epoch seconds, like all times here. */
  readonly firstTokenAt: number;
  readonly lastTokenAt: number;
  /** When the AM said that the owner had stopped it; null while it may get more tokens. */
  readonly endedAt: number | null;
}

/** One link: an AM that may ask for tokens to an owner's data. */
export interface LinkAccess {
  readonly id: string;
  /** The AM's issuer. */
  readonly am: string;
  /** The ceiling: the scopes it may ask for at most. PROTOCOL §2.2. */
  readonly ceiling: ScopeSet;
  readonly since: number;
  /** Epoch seconds; null: until it is ended. */
  readonly until: number | null;
  readonly requesters: readonly RequesterAccess[];
}

export function toLinkAccess(grant: GrantEntry): LinkAccess {
  return {
    id: grant.id,
    // the client was admitted only in this form: <AM>/clients/<tag>
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
