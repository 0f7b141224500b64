import type { ScopeSet } from '@chatelaine/protocol';
import type { ReplayGuard, Replayed, TokenKey } from './replay.ts';

export interface NewTransferToken {
  readonly hash: Buffer;
  readonly lifetimeSeconds: number;
  readonly scope: ScopeSet;
  readonly audience: string;
  readonly jkt: string | null;
  readonly act: { readonly iss: string; readonly sub: string };
  readonly actorName: string | null;
  readonly actorUri: string | null;
}

export interface TransferStorage {
  /**
   * Mints a Host access token, if the link token and its grant are alive and belong to this client, the ceiling covers
   * the scope, and the transfer grant has not ended. The row of the transfer grant is created at its first mint.
   * PROTOCOL §3.4.
   */
  mintTransfer(input: {
    linkToken: TokenKey;
    clientId: string;
    transferGrantId: string;
    token: NewTransferToken;
    guards: readonly ReplayGuard[];
  }): Promise<
    | { kind: 'minted'; expiresAt: number }
    | { kind: 'unknown' }
    | { kind: 'over_ceiling' }
    | { kind: 'ended' }
    | Replayed
  >;
  /**
   * Ends a transfer grant of this client, known or not: its tokens die and nothing is minted under it again. PROTOCOL
   * §7. The tombstone of an unknown one is kept for longer than any mint in flight could take. A client without a link
   * leaves no tombstones, and could get nothing by them; any other leaves at most so many (`LIMIT`): then `too_many`,
   * and nothing is ended.
   */
  endTransferGrant(input: {
    clientId: string;
    transferGrantId: string;
    guards: readonly ReplayGuard[];
  }): Promise<{ kind: 'ended' } | { kind: 'too_many' } | Replayed>;
}
