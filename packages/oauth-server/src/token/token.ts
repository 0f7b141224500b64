import { GRANT, invalidRequest, unauthorizedClient, unsupportedGrantType } from '@chatelaine/protocol';
import { authenticateClient, type ClientRequest } from '../client/authenticate-client.ts';
import { hasSecret } from '../client/client.ts';
import { checkProof } from '../client/dpop.ts';
import type { ServerDeps } from '../deps.ts';
import { ENDPOINT } from '../endpoints.ts';
import type { Grant } from './grant.ts';
import { authorizationCodeGrant } from './grants/authorization-code.ts';
import { refreshTokenGrant } from './grants/refresh-token.ts';
import { withGuards } from './guards.ts';

export interface TokenRequest extends ClientRequest {
  /** Every DPoP header, unjoined. */
  readonly dpop: readonly string[];
  readonly signal: AbortSignal;
}

/** The token endpoint: authenticate the client, check its DPoP proof, hand over to the grant. OAuth 2.1 §3.2. */
export async function token(deps: ServerDeps, request: TokenRequest): Promise<Readonly<Record<string, unknown>>> {
  return withGuards(deps, async (guards) => {
    const { params } = request;
    const client = await authenticateClient(deps, request, guards);
    const jkt = await checkProof(deps, { headers: request.dpop, path: ENDPOINT.token }, guards);
    const grantType = params.get('grant_type');
    if (grantType === undefined) throw invalidRequest('grant_type is missing.');
    const grant = grantOf(deps, grantType);
    if (grant === undefined) throw unsupportedGrantType('This server does not have that grant type.');
    // a client without a key can only use grants that an extension answers for, and those have a code and a refresh
    // token only
    if (hasSecret(client) && !PLAIN_GRANTS.includes(grantType))
      throw unauthorizedClient('A client with a secret may not use that grant type.');
    if (!client.grantTypes.includes(grantType))
      throw unauthorizedClient('This client did not register that grant type.');
    return grant.handle({ client, params, jkt, guards, fetchDocument: deps.fetchDocument, signal: request.signal });
  });
}

const PLAIN_GRANTS: readonly string[] = [GRANT.authorizationCode, GRANT.refreshToken];

type GrantDeps = Pick<ServerDeps, 'config' | 'storage' | 'emit' | 'clock' | 'successorKeys'>;

function grantOf(deps: GrantDeps, grantType: string): Grant | undefined {
  switch (grantType) {
    case GRANT.authorizationCode:
      return authorizationCodeGrant(deps);
    case GRANT.refreshToken:
      return refreshTokenGrant(deps);
    default:
      return deps.config.grants.find((each) => each.grantType === grantType);
  }
}
