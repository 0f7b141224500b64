import { hashToken, mintToken, randomId } from '@chatelaine/crypto';
import {
  type ClientMetadata,
  clientMetadataSchema,
  invalidClientMetadata,
  invalidRedirectUri,
  type RegistrationResponse,
  TRANSFER_SCOPE,
} from '@chatelaine/protocol';
import type { Client } from '../client/client.ts';
import { checkClientMetadata } from '../client/check-metadata.ts';
import type { ServerDeps } from '../deps.ts';
import { ENDPOINT } from '../endpoints.ts';

type RegisterDeps = Pick<ServerDeps, 'config' | 'storage' | 'clock'>;

/** Dynamic client registration, RFC 7591 §3. `body` is the parsed JSON, of any shape. */
export async function registerClient(deps: RegisterDeps, body: unknown): Promise<RegistrationResponse> {
  const metadata = readMetadata(body);
  const id = randomId('client');
  const client = checkClientMetadata(deps.config.schemes, { id, source: 'registered', metadata });
  const registrationToken = mintToken('ra', 0);
  if (!client.scope.includes(TRANSFER_SCOPE)) throw invalidClientMetadata('scope must include "transfer".');
  const kept = registered(client, metadata);
  await deps.storage.insertClient({ id, metadata: kept, registrationTokenHash: hashToken(registrationToken) });
  return {
    ...registrationView(deps, { id, metadata: kept, createdAt: deps.clock.now() }),
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

function readMetadata(body: unknown): ClientMetadata {
  const parsed = clientMetadataSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const member = issue?.path[0];
  if (member === 'redirect_uris')
    throw invalidRedirectUri('redirect_uris must hold 1 to 20 URLs of at most 2000 ASCII characters.');
  throw invalidClientMetadata(
    member === undefined ? 'The body is not a JSON object of client metadata.' : `${String(member)} is not acceptable.`,
  );
}

/** What is kept is what the server made of it, so that the answer tells the client what it got (RFC 7591 §3.2.1). */
function registered(client: Client, given: ClientMetadata): ClientMetadata {
  // an issuer that nobody can verify is not taken over
  const { chatelaine_issuer: _unverifiable, software_statement: _none, ...rest } = given;
  return {
    ...rest,
    client_name: client.name,
    grant_types: [...client.grantTypes],
    response_types: ['code'],
    token_endpoint_auth_method: client.authMethod,
    // there is nothing else to have here
    scope: TRANSFER_SCOPE,
    dpop_bound_access_tokens: true,
  };
}
