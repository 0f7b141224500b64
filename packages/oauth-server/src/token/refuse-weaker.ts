import { invalidClient } from '@chatelaine/protocol';
import { type Client, isProven } from '../client/client.ts';
import type { StoredGrant } from '../storage.ts';

/**
 * A grant that was requested, or first used, by a client that authenticated is never used without authentication, even
 * if the client's document says `none` later, whoever wrote that. Throws `invalid_client`. PROTOCOL §1.
 */
export function refuseWeaker(client: Client, grant: Pick<StoredGrant, 'isAuthenticated'>): void {
  if (!grant.isAuthenticated || isProven(client)) return;
  throw invalidClient('This client authenticated when the grant was made, and has to do so again.', {
    cause: 'weaker than before',
  });
}
