import type { Clock, ServerMetadata } from '@chatelaine/protocol';
import * as oauth from 'oauth4webapi';

/** The server as oauth4webapi names it: who it is and what is called, nothing else of its metadata. */
export function asServer(metadata: ServerMetadata): oauth.AuthorizationServer {
  const server: Record<string, oauth.JsonValue> & { issuer: string } = {
    issuer: metadata.issuer,
    // RFC 9207 §2.4: demanded of every server here, whatever its metadata says by now
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

/** The client as oauth4webapi names it; proofs take their time from our clock. */
export function asClient(clock: Clock, clientId: string): oauth.Client {
  return { client_id: clientId, [oauth.clockSkew]: Math.round(clock.now() - Date.now() / 1000) };
}
