import { deleteClient, revoke } from '@chatelaine/oauth-client';
import { asClient } from './identity.ts';
import type { Kit } from './options.ts';
import type { UnknownConnection } from './outcome.ts';
import type { ConnectionRef } from './requester-store.ts';
import { decryptConnection, decryptRegistration } from './secrets.ts';

/** The outcome of ending a connection. Here it is forgotten in any case. */
export type DisconnectOutcome =
  /** The AM confirmed: nothing under the connection is alive. */
  | { readonly kind: 'ended' }
  /** Forgotten here, but the AM could not be told; the owner can stop it there. */
  | { readonly kind: 'ended_here'; readonly am: string; readonly reason: string }
  | UnknownConnection;

/**
 * Ends a connection at the AM (by revoking its refresh token, RFC 7009) and forgets it here, whether or not the AM
 * could be told. PROTOCOL §7.
 */
export async function disconnect(kit: Kit, ref: ConnectionRef): Promise<DisconnectOutcome> {
  const row = await kit.store.findConnection(ref);
  if (row === null) return { kind: 'unknown_connection' };
  const { refreshToken } = decryptConnection(kit, row);
  const found = await kit.discovery.discover({ issuer: row.am, role: 'am' });
  const answer =
    found.kind === 'failed'
      ? found
      : await revoke(kit, {
          server: found.metadata,
          client: asClient(kit, row.clientId),
          token: refreshToken,
          hint: 'refresh_token',
        });
  await kit.store.deleteConnection(ref);
  kit.tokens.forgetConnection(ref);
  return answer.kind === 'ok' ? { kind: 'ended' } : { kind: 'ended_here', am: row.am, reason: answer.kind };
}

/** Deletes a dynamic registration at an AM, and with it every connection there. RFC 7592 §2.3. */
export async function unregister(
  kit: Kit,
  am: string,
): Promise<{ kind: 'ended' } | { kind: 'ended_here'; reason: string }> {
  const { registration } = kit;
  if (registration.kind === 'document') return { kind: 'ended' };
  const row = await registration.store.findRegistration(am);
  if (row === null) return { kind: 'ended' };
  await registration.store.deleteRegistration(am);
  const { registrationAccessToken, registrationClientUri } = decryptRegistration(kit, am, row.encrypted);
  if (registrationAccessToken === undefined || registrationClientUri === undefined) {
    return { kind: 'ended_here', reason: 'the AM gave no way to manage the registration' };
  }
  const found = await kit.discovery.discover({ issuer: am, role: 'am' });
  if (found.kind === 'failed') return { kind: 'ended_here', reason: found.reason };
  const answer = await deleteClient(kit, { server: found.metadata, registrationAccessToken, registrationClientUri });
  return answer.kind === 'ok' || answer.kind === 'gone'
    ? { kind: 'ended' }
    : { kind: 'ended_here', reason: answer.kind };
}
