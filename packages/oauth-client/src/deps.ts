import type { SigningKey } from '@chatelaine/crypto';
import type { Outbound } from '@chatelaine/outbound-http';
import type { Clock, Schemes } from '@chatelaine/protocol';

/**
 * What every call of this package needs: the outbound HTTP client, the clock, and the URL schemes that this deployment
 * accepts.
 */
export interface ClientDeps {
  readonly outbound: Pick<Outbound, 'fetch'>;
  readonly clock: Clock;
  readonly schemes: Schemes;
}

/** How the client authenticates. `none` is for clients without keys of their own, whose tokens are DPoP-bound. */
export type ClientAuthentication =
  | { readonly kind: 'private_key_jwt'; readonly key: SigningKey }
  | { readonly kind: 'none' };

/** The client on whose behalf a request is made. */
export interface ClientIdentity {
  readonly clientId: string;
  readonly authentication: ClientAuthentication;
}
