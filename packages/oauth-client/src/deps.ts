import type { SigningKey } from '@chatelaine/crypto';
import type { Outbound } from '@chatelaine/outbound-http';
import type { Clock, Schemes } from '@chatelaine/protocol';

/** What every call of this package needs: the outbound client, the time, and which schemes this deployment accepts. */
export interface ClientDeps {
  readonly outbound: Pick<Outbound, 'fetch'>;
  readonly clock: Clock;
  readonly schemes: Schemes;
}

/** How the client proves who it is. `none` is for clients without keys of their own; their tokens are DPoP-bound. */
export type ClientAuthentication =
  | { readonly kind: 'private_key_jwt'; readonly key: SigningKey }
  | { readonly kind: 'none' };

/** Who is calling. */
export interface ClientIdentity {
  readonly clientId: string;
  readonly authentication: ClientAuthentication;
}
