import { VaultError } from '@chatelaine/crypto';
import { type Failure, revoke } from '@chatelaine/oauth-client';
import { TRANSFER_GRANT_HINT } from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import { clientAt, clientDeps } from '../links/host-client.ts';
import { secretAad } from '../links/link-secrets.ts';
import { confirmRevocation, type DueRevocation, noteAttempt, serverOf } from './revocation-store.ts';

export type RevokeAtHostDeps = Pick<
  Deps,
  'config' | 'clock' | 'keys' | 'outbound' | 'pool' | 'vault' | 'log' | 'linksSeen' | 'live'
>;

/**
 * Revokes a connection's grant, or a whole link, at its Host. Only 200 is a confirmation. `invalid_client` is not: the
 * Host knows us by a document that it fetches, and a Host that cannot fetch it answers the same as one that has
 * forgotten us, while the tokens are still valid. PROTOCOL §7.
 */
export async function revokeAtHost(deps: RevokeAtHostDeps, due: DueRevocation): Promise<void> {
  await attempt(deps, due);
  deps.live.changed(due.ownerId);
}

async function attempt(deps: RevokeAtHostDeps, due: DueRevocation): Promise<void> {
  const { id, linkId } = due;
  const what = whatToRevoke(deps, due);
  if (what === null) {
    await noteAttempt(deps, { id, reason: 'the stored token cannot be decrypted', seconds: null });
    return;
  }
  if (what.kind === 'nothing') return confirmRevocation(deps, { id, seconds: 0 });
  const server = serverOf(due);
  const began = performance.now();
  const answer = await revoke(clientDeps(deps), {
    server,
    client: clientAt(deps, server.issuer),
    token: what.token,
    hint: what.hint,
  });
  const seconds = (performance.now() - began) / 1000;
  deps.linksSeen.note(linkId, answer.kind);
  if (answer.kind === 'ok') {
    await confirmRevocation(deps, { id, seconds });
    deps.log.info({ event: 'revocation_confirmed', revocationId: id, linkId }, 'a Host confirmed a revocation');
    return;
  }
  const reason = reasonOf(answer);
  const next = await noteAttempt(deps, { id, reason, seconds });
  deps.log.warn(
    { event: 'revocation_unconfirmed', revocationId: id, linkId, reason, next },
    'a Host has not confirmed a revocation',
  );
}

type Revocable =
  | { readonly kind: 'token'; readonly token: string; readonly hint: string }
  | { readonly kind: 'nothing' };

function whatToRevoke(
  { vault, log }: RevokeAtHostDeps,
  { grantId, refreshToken, linkId, ownerId }: DueRevocation,
): Revocable | null {
  if (grantId !== null) return { kind: 'token', token: grantId, hint: TRANSFER_GRANT_HINT };
  // deleted already, so the Host has confirmed the end of this link before
  if (refreshToken === null) return { kind: 'nothing' };
  try {
    const token = vault.decrypt(refreshToken, secretAad({ row: linkId, ownerId, column: 'refresh_token' }));
    return { kind: 'token', token, hint: 'refresh_token' };
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    log.error({ event: 'cannot_decrypt', linkId }, 'a stored secret cannot be decrypted with this ENCRYPTION_KEY');
    return null;
  }
}

function reasonOf(failure: Failure): string {
  switch (failure.kind) {
    case 'timeout':
      return 'no answer in time';
    case 'oauth_error':
      return `answered ${failure.status} ${failure.error.error}`;
    case 'unusable':
    case 'unreachable':
      return `${failure.kind}: ${failure.reason}`;
  }
}
