import type { TokenKey } from '@chatelaine/oauth-server';
import type { ResourceUrl, ScopeSet } from '@chatelaine/protocol';

/**
 * The connection that a request is made for: the one whose token was shown, one found by its own code or refresh token
 * (PROTOCOL §6), or the one that waits with a deferral code (PROTOCOL §3.7).
 */
export type TransferSubject =
  | { readonly kind: 'token'; readonly key: TokenKey }
  | { readonly kind: 'grant'; readonly bucket: number; readonly id: string }
  | { readonly kind: 'deferral'; readonly key: TokenKey };

/** What the token is to be bound to: the key that signed the request or, for a client that proves none, nothing. */
export type TransferBinding = { readonly kind: 'key'; readonly jkt: string } | { readonly kind: 'bearer' };

/**
 * What happens if the owner has to be asked. `interaction`: the Requester sends them to the question and asks again.
 * `deferral`: it gets a code to wait with. `poll`: it is waiting already. PROTOCOL §3.7.
 */
export type Completion = 'interaction' | 'deferral' | 'poll';

/** One transfer as a Requester asks for it. */
export interface TransferRequest {
  readonly clientId: string;
  /** The client authenticated, by its key or its secret. */
  readonly isAuthenticated: boolean;
  readonly subject: TransferSubject;
  readonly binding: TransferBinding;
  readonly resource: ResourceUrl;
  readonly scopes: ScopeSet;
  /** The Requester's purpose; shown to the owner as its own words. */
  readonly purpose: string | null;
  /** Its own statement, for the Host; not verified here. PROTOCOL §3.6. */
  readonly requesterStatement: string | null;
  readonly completion: Completion;
}
