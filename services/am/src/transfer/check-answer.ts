import { LIFETIME, parseScope, sameScope, TOKEN_TYPE, type TransferResponse } from '@chatelaine/protocol';
import type { Target } from './decide.ts';
import type { TransferRequest } from './request.ts';

/** What an Authorization header can carry. RFC 9449 §7.1, RFC 9110 §11.2. */
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/;

const BOUND = {
  key: { tokenType: 'DPoP', lifetime: LIFETIME.hostAccessToken },
  bearer: { tokenType: 'Bearer', lifetime: LIFETIME.hostBearerToken },
} as const;

/** What is wrong with a Host's answer; null if it is exactly what was asked for. PROTOCOL §3.5. */
export function findFault(
  answer: TransferResponse,
  { request, target }: { request: TransferRequest; target: Target },
): string | null {
  if (!TOKEN68.test(answer.access_token)) return 'access_token';
  if (answer.issued_token_type !== TOKEN_TYPE.accessToken) return 'issued_token_type';
  const asked = BOUND[request.binding.kind];
  if (answer.token_type !== asked.tokenType) return 'token_type';
  if (answer.cnf?.jkt !== (request.binding.kind === 'key' ? request.binding.jkt : undefined)) return 'cnf';
  if (answer.expires_in > asked.lifetime) return 'expires_in';
  const scopes = parseScope(answer.scope);
  if (scopes === null || !sameScope(scopes, request.scopes)) return 'scope';
  if (answer.resource !== request.resource) return 'resource';
  if (answer.iss !== target.hostIssuer) return 'iss';
  return null;
}

/**
 * The answer to the Requester, built member by member so that nothing else a Host sends is ever passed on. PROTOCOL
 * §3.5.
 */
export function relayed(answer: TransferResponse): TransferResponse {
  return {
    access_token: answer.access_token,
    issued_token_type: answer.issued_token_type,
    token_type: answer.token_type,
    expires_in: answer.expires_in,
    scope: answer.scope,
    resource: answer.resource,
    ...(answer.cnf === undefined ? {} : { cnf: { jkt: answer.cnf.jkt } }),
    iss: answer.iss,
  };
}
