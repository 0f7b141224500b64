import type { Clock, ServerMetadata } from '@chatelaine/protocol';
import * as oauth from 'oauth4webapi';

/**
 * The server in the form that oauth4webapi takes: its issuer and the endpoints that are called, none of the rest of its
 * metadata.
 */
export function asServer(metadata: ServerMetadata): oauth.AuthorizationServer {
  const server: Record<string, oauth.JsonValue> & { issuer: string } = {
    issuer: metadata.issuer,
    // required of every server here, whatever its metadata says now. RFC 9207 §2.4
    authorization_response_iss_parameter_supported: true,
  };
  for (const endpoint of ENDPOINTS) {
    const url = metadata[endpoint];
    if (url !== undefined) server[endpoint] = url;
  }
  return server;
}

const ENDPOINTS = [
  'token_endpoint',
  'pushed_authorization_request_endpoint',
  'revocation_endpoint',
  'registration_endpoint',
] as const;

/** The client in the form that oauth4webapi takes. The skew makes its proofs and checks use our clock. */
export function asClient(clock: Clock, clientId: string): oauth.Client {
  return { client_id: clientId, [oauth.clockSkew]: Math.round(clock.now() - Date.now() / 1000) };
}
