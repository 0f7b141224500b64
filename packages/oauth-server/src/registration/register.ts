import { hashToken, mintToken, randomId } from '@chatelaine/crypto';
import {
  type ClientMetadata,
  invalidClientMetadata,
  type RegistrationResponse,
  TRANSFER_SCOPE,
} from '@chatelaine/protocol';
import { checkClientMetadata } from '../client/check-metadata.ts';
import { type Client, hasSecret } from '../client/client.ts';
import { keepMetadata } from '../client/keep-metadata.ts';
import type { ServerDeps } from '../deps.ts';
import { takesPlainClients } from '../extension.ts';
import { ENDPOINT } from '../endpoints.ts';

type RegisterDeps = Pick<ServerDeps, 'config' | 'storage' | 'clock'>;

/** Dynamic client registration, RFC 7591 §3. `body` is the parsed JSON, of any shape. */
export async function registerClient(deps: RegisterDeps, body: unknown): Promise<RegistrationResponse> {
  const { schemes } = deps.config;
  const metadata = keepMetadata(schemes, { body, source: 'registered' });
  const id = randomId('client');
  const client = checkClientMetadata(schemes, { id, source: 'registered', metadata });
  if (client.grantTypes.length === 0) throw invalidClientMetadata('grant_types names no grant this server has.');
  const plain = takesPlainClients(deps.config);
  if (hasSecret(client) && !plain)
    throw invalidClientMetadata('token_endpoint_auth_method must be private_key_jwt or none.');
  if (!client.scope.includes(TRANSFER_SCOPE) && !plain) throw invalidClientMetadata('scope must include "transfer".');
  const registrationToken = mintToken('ra', 0);
  const secret = hasSecret(client) ? mintToken('cs', 0) : null;
  const kept = registered(client, { metadata, plain });
  await deps.storage.insertClient({
    id,
    metadata: kept,
    registrationTokenHash: hashToken(registrationToken),
    secretHash: secret === null ? null : hashToken(secret),
  });
  return {
    ...registrationView(deps, { id, metadata: kept, createdAt: deps.clock.now() }),
    // RFC 7591 §3.2.1: 0 means that it does not expire
    ...(secret === null ? {} : { client_secret: secret, client_secret_expires_at: 0 }),
    registration_access_token: registrationToken,
  };
}

/** What a registered client reads back of itself. RFC 7592 §3. */
export function registrationView(
  deps: Pick<ServerDeps, 'config'>,
  client: { id: string; metadata: ClientMetadata; createdAt: number },
): RegistrationResponse {
  return {
    ...client.metadata,
    client_id: client.id,
    client_id_issued_at: Math.floor(client.createdAt),
    registration_client_uri: `${deps.config.issuer}${ENDPOINT.register}/${client.id}`,
  };
}

/** Stores what the server made of it, so that the answer tells the client what it got (RFC 7591 §3.2.1). */
function registered(
  client: Client,
  { metadata: given, plain }: { metadata: ClientMetadata; plain: boolean },
): ClientMetadata {
  // an issuer that nobody can verify is dropped
  const { chatelaine_issuer: _unverifiable, software_statement: _none, scope, ...rest } = given;
  const transfers = !hasSecret(client) && client.scope.includes(TRANSFER_SCOPE);
  return {
    ...rest,
    grant_types: [...client.grantTypes],
    response_types: ['code'],
    token_endpoint_auth_method: client.authMethod,
    // this server has no other scope of its own; any other a client names belongs to a Host, and is asked of its owner
    ...(transfers ? { scope: TRANSFER_SCOPE } : scope === undefined ? {} : { scope }),
    dpop_bound_access_tokens: !plain || given.dpop_bound_access_tokens === true,
  };
}
