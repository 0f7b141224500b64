import { type ClientDeps, type ClientIdentity, linkClientId } from '@chatelaine/oauth-client';
import type { Deps } from '../deps.ts';

/** What it takes to call a Host as its client. */
export type HostClientDeps = Pick<Deps, 'config' | 'clock' | 'keys' | 'outbound'>;

/** Our client id at one Host: a separate client for each, known by its document. PROTOCOL §2.2. */
export function clientAt({ config, keys }: Pick<Deps, 'config' | 'keys'>, hostIssuer: string): ClientIdentity {
  return {
    clientId: linkClientId(config.issuer, hostIssuer),
    authentication: { kind: 'private_key_jwt', key: keys.current },
  };
}

export function clientDeps({ config, clock, outbound }: HostClientDeps): ClientDeps {
  return { outbound, clock, schemes: config.schemes };
}
