import { formatScope, type TokenResponse } from '@chatelaine/protocol';
import type { ServerDeps } from '../deps.ts';
import type { StoredGrant } from '../storage.ts';

/**
 * The answer of the code and refresh grants. It includes the ceiling each time: the Host's value is authoritative.
 * PROTOCOL §2.2.
 */
export function relationshipAnswer(
  deps: Pick<ServerDeps, 'config'>,
  input: { grant: StoredGrant; accessToken: string; expiresIn: number; refreshToken?: string },
): TokenResponse {
  const { grant, accessToken, expiresIn, refreshToken } = input;
  return {
    access_token: accessToken,
    token_type: deps.config.relationshipTokens === 'bound' ? 'DPoP' : 'Bearer',
    expires_in: expiresIn,
    scope: formatScope(grant.scope),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(grant.transferScope === null ? {} : { transfer_scope: formatScope(grant.transferScope) }),
  };
}
