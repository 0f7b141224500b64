import type { ScopeSet } from '@chatelaine/protocol';
import type { ReplayGuard, Replayed, TokenKey } from './replay.ts';
import type { StoredGrant } from './token-storage.ts';

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
   * Mints a Host access token: link token and its grant alive and of this client, ceiling covers the scope, the
   * transfer grant not ended; the transfer grant's row is made at its first mint. PROTOCOL §3.4.
   */
  mintTransfer(input: {
    linkToken: TokenKey;
    clientId: string;
    transferGrantId: string;
    token: NewTransferToken;
    guards: readonly ReplayGuard[];
  }): Promise<
    | { kind: 'minted'; grant: StoredGrant; expiresAt: number }
    | { kind: 'unknown' }
    | { kind: 'over_ceiling' }
    | { kind: 'ended' }
    | Replayed
  >;
  /**
   * Ends a transfer grant of this client, known or not yet known: its tokens die and nothing is minted under it again.
   * PROTOCOL §7. The tombstone of an unknown one is kept for longer than any mint in flight could take. A client
   * without a link leaves none, and gets nothing by any; others leave so many at most (`LIMIT`): `too_many`, and
   * nothing ended.
   */
  endTransferGrant(input: {
    clientId: string;
    transferGrantId: string;
    guards: readonly ReplayGuard[];
  }): Promise<{ kind: 'ended' } | { kind: 'too_many' } | Replayed>;
}
