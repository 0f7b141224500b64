import { bucketOf, hashToken, mintToken } from '@chatelaine/crypto';
import { invalidRequest, LIFETIME, OAuthError, REQUEST_URI_PREFIX, tooManyRequests } from '@chatelaine/protocol';
import { authenticateClient, type ClientRequest } from '../client/authenticate-client.ts';
import { checkProof } from '../client/dpop.ts';
import type { ServerDeps } from '../deps.ts';
import { ENDPOINT } from '../endpoints.ts';
import { refuseReplay, withGuards } from '../token/guards.ts';
import { checkRequest } from './check-request.ts';
import { REQUESTS_AT_ONCE } from './requests-at-once.ts';

export interface PushedRequest extends ClientRequest {
  readonly dpop: readonly string[];
}

/** The pushed authorization request endpoint. RFC 9126 §2. */
export async function pushAuthorizationRequest(
  deps: ServerDeps,
  request: PushedRequest,
): Promise<{ request_uri: string; expires_in: number }> {
  return withGuards(deps, async (guards) => {
    const client = await authenticateClient(deps, request, guards);
    const provenJkt = await checkProof(deps, { headers: request.dpop, path: ENDPOINT.pushed }, guards);
    // RFC 9126 §2.1
    if (request.params.has('request_uri')) throw invalidRequest('request_uri cannot be pushed.');
    const checked = await checkRequest(deps, { way: 'pushed', client, params: request.params, provenJkt });
    if (checked.kind !== 'valid') throw new OAuthError(checked.error, checked.message);
    const requestUri = mintToken('ru', bucketOf(client.id));
    const saved = await deps.storage.saveRequest({
      hash: hashToken(requestUri),
      clientId: client.id,
      request: checked.request,
      lifetimeSeconds: LIFETIME.requestUri,
      atOnce: REQUESTS_AT_ONCE,
      guards: guards.take(),
    });
    if (saved.kind === 'replayed') refuseReplay(saved);
    if (saved.kind === 'full') throw tooManyRequests(LIFETIME.requestUri);
    return { request_uri: `${REQUEST_URI_PREFIX}${requestUri}`, expires_in: LIFETIME.requestUri };
  });
}
