import type { TokenKey } from '@chatelaine/oauth-server';
import type { ResourceUrl, ScopeSet } from '@chatelaine/protocol';

/**
 * On whose behalf: the connection whose token was shown, one that was found by a code or refresh token of its own
 * (PROTOCOL §6), or the one that waits with a deferral code (PROTOCOL §3.7).
 */
export type TransferSubject =
  | { readonly kind: 'token'; readonly key: TokenKey }
  | { readonly kind: 'grant'; readonly bucket: number; readonly id: string }
  | { readonly kind: 'deferral'; readonly key: TokenKey };

/** What the token is to be bound to: the key that signed the request, or, for a client that proves none, nothing. */
export type TransferBinding = { readonly kind: 'key'; readonly jkt: string } | { readonly kind: 'bearer' };

/**
 * What becomes of a request that the owner has to be asked about. `interaction`: the Requester sends them to the
 * question and asks again. `deferral`: it gets a code to wait with. `poll`: it waits already. PROTOCOL §3.7.
 */
export type Completion = 'interaction' | 'deferral' | 'poll';

/** One transfer as a Requester asks for it. */
export interface TransferRequest {
  readonly clientId: string;
  /** The client proved that it is the client: by its key or its secret. */
  readonly isAuthenticated: boolean;
  readonly subject: TransferSubject;
  readonly binding: TransferBinding;
  readonly resource: ResourceUrl;
  readonly scopes: ScopeSet;
  /** What the Requester says it is for; shown to the owner as its words. */
  readonly purpose: string | null;
  /** What it signed itself, for the Host; not believed here. PROTOCOL §3.6. */
  readonly requesterStatement: string | null;
  readonly completion: Completion;
}
