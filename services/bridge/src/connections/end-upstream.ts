import type { Service } from '../definitions/index.ts';
import type { Deps } from '../deps.ts';
import { type Credential, isReady, oauth2, oauth2At } from '../upstream/index.ts';

/**
 * Has the service end what it gave us. False where it has no way to, or did not say that it did: then its owner can,
 * at its page.
 */
export async function endUpstream(
  deps: Pick<Deps, 'config' | 'outbound'>,
  service: Service,
  credential: Credential,
): Promise<boolean> {
  if (credential.version === '1.0a' || !isReady(deps, service)) return false;
  // RFC 7009 §2.1: with a refresh token goes all that came of it
  return oauth2.revoke(deps, oauth2At(deps, service), credential.refreshToken ?? credential.accessToken);
}
