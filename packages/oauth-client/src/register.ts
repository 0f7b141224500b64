import { clientMetadataSchema, type ClientMetadata, type ServerMetadata } from '@chatelaine/protocol';
import * as oauth from 'oauth4webapi';
import type { ClientDeps } from './deps.ts';
import { type Failure, unusable } from './outcome.ts';
import { asServer } from './parties.ts';
import { judge, send } from './send.ts';

export interface Registered {
  readonly kind: 'ok';
  readonly clientId: string;
  /**
   * A secret, with which the registration is read and deleted. Absent if the server does not offer that. RFC 7592 §3.
   */
  readonly registrationAccessToken?: string;
  readonly registrationClientUri?: string;
  /**
   * As the server registered it: where it differs from what was asked for, the server's value counts. RFC 7591 §3.2.1.
   */
  readonly metadata: ClientMetadata;
}

/** Registers a client that has no public URL. RFC 7591 §3. */
export async function registerClient(
  deps: ClientDeps,
  { server, metadata }: { readonly server: ServerMetadata; readonly metadata: ClientMetadata },
): Promise<Registered | Failure> {
  if (server.registration_endpoint === undefined) return unusable('no registration_endpoint');
  const wanted = jsonOf(metadata);
  const answer = await send(deps, {
    server,
    request: (options) => oauth.dynamicClientRegistrationRequest(asServer(server), wanted, options),
  });
  if (answer.kind !== 'answer') return answer;
  const judged = await judge(() => oauth.processDynamicClientRegistrationResponse(answer.response));
  if (judged.kind !== 'ok') return judged;
  const parsed = clientMetadataSchema.safeParse(answer.json);
  if (!parsed.success) return unusable('not a registration');
  const { client_id: clientId, registration_access_token: token, registration_client_uri: uri } = judged.value;
  if (typeof token !== 'string' || typeof uri !== 'string') return { kind: 'ok', clientId, metadata: parsed.data };
  // the token can delete the registration, so it is sent to no other origin
  if (URL.parse(uri)?.origin !== server.issuer) return unusable('registration_client_uri on another origin');
  return { kind: 'ok', clientId, metadata: parsed.data, registrationAccessToken: token, registrationClientUri: uri };
}

export interface DeleteClientInput {
  readonly server: ServerMetadata;
  readonly registrationClientUri: string;
  readonly registrationAccessToken: string;
}

/**
 * Deletes a registration and, with it, every grant, code and token of the client. `gone`: the server does not know the
 * registration any more. RFC 7592 §2.3.
 */
export async function deleteClient(
  deps: ClientDeps,
  { server, registrationClientUri, registrationAccessToken }: DeleteClientInput,
): Promise<{ kind: 'ok' } | { kind: 'gone' } | Failure> {
  const url = URL.parse(registrationClientUri);
  if (url?.origin !== server.issuer) return unusable('registration_client_uri on another origin');
  const answer = await send(deps, {
    server,
    request: (options) =>
      oauth.protectedResourceRequest(registrationAccessToken, 'DELETE', url, undefined, null, options),
  });
  if (answer.kind === 'oauth_error' && answer.status === 401) return { kind: 'gone' };
  if (answer.kind !== 'answer') return answer;
  return answer.status === 204 ? { kind: 'ok' } : unusable(`status ${answer.status} to a deletion`);
}

function jsonOf(metadata: ClientMetadata): Record<string, oauth.JsonValue> {
  return JSON.parse(JSON.stringify(metadata)) as Record<string, oauth.JsonValue>;
}
