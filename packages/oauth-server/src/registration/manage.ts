import { hashToken } from '@chatelaine/crypto';
import { invalidToken, type OAuthError, parseToken, type RegistrationResponse } from '@chatelaine/protocol';
import type { ServerDeps } from '../deps.ts';
import { isClientId } from '../client/resolve-client.ts';
import { registrationView } from './register.ts';

interface ManageInput {
  readonly clientId: string;
  readonly authorization: string | undefined;
}

/** RFC 7592 §2.1 */
export async function readRegistration(
  deps: Pick<ServerDeps, 'config' | 'storage'>,
  input: ManageInput,
): Promise<RegistrationResponse> {
  const client = await deps.storage.findClientByRegistrationToken({
    id: input.clientId,
    hash: registrationToken(input),
  });
  if (client === null) throw refused();
  return registrationView(deps, client);
}

/** RFC 7592 §2.3: the client and everything granted to it end with this. */
export async function deleteRegistration(deps: Pick<ServerDeps, 'storage'>, input: ManageInput): Promise<void> {
  const deleted = await deps.storage.deleteClient({
    id: input.clientId,
    registrationTokenHash: registrationToken(input),
  });
  if (deleted.kind === 'unknown') throw refused();
}

function registrationToken({ clientId, authorization }: ManageInput): Buffer {
  const value = /^Bearer ([A-Za-z0-9_-]{1,100})$/i.exec(authorization ?? '')?.[1];
  if (!isClientId(clientId) || value === undefined || parseToken(value)?.kind !== 'ra') throw refused();
  return hashToken(value);
}

/** Unknown client, deleted client and wrong token answer alike. RFC 7592 §2.1. */
function refused(): OAuthError {
  return invalidToken('The registration access token is not valid.', {
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  });
}
