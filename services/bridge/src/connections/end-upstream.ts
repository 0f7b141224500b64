import type { Service } from '../definitions/index.ts';
import type { Deps } from '../deps.ts';
import { type Credential, isReady, oauth2, oauth2At } from '../upstream/index.ts';

/**
 * Revokes our tokens at the service. False if the service has no way to do that, or did not confirm it: then the owner
 * can still do it on the service's own page.
 */
export async function endUpstream(
  deps: Pick<Deps, 'config' | 'outbound'>,
  service: Service,
  credential: Credential,
): Promise<boolean> {
  if (credential.version === '1.0a' || !isReady(deps, service)) return false;
  // RFC 7009 §2.1: revoking a refresh token revokes everything based on the same grant
  return oauth2.revoke(deps, oauth2At(deps, service), credential.refreshToken ?? credential.accessToken);
}
