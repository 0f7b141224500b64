import { hashToken } from '@chatelaine/crypto';
import { invalidRequest, parseToken, tooManyRequests, TRANSFER_GRANT_HINT } from '@chatelaine/protocol';
import { authenticateClient, type ClientRequest } from './client/authenticate-client.ts';
import type { ServerDeps } from './deps.ts';
import { refuseReplay, withGuards } from './token/guards.ts';

/** There is room again as tombstones expire, over days. */
const MANY_ENDS_WAIT_SECONDS = 600;

/**
 * The revocation endpoint, RFC 7009. When it returns, nothing that the token stands for is alive. An unknown token, and
 * one of another client, is answered the same (RFC 7009 §2.2). With the hint `transfer_grant`, `token` is a grant_id
 * (PROTOCOL §7).
 */
export async function revoke(deps: ServerDeps, request: ClientRequest): Promise<void> {
  return withGuards(deps, async (guards) => {
    const client = await authenticateClient(deps, request, guards);
    const token = request.params.get('token');
    if (token === undefined) throw invalidRequest('token is missing.');
    if (request.params.get('token_type_hint') === TRANSFER_GRANT_HINT && deps.config.transferScopes !== null) {
      if (!/^[A-Za-z0-9_-]{22}$/.test(token)) throw invalidRequest('token is not a grant_id.');
      const ended = await deps.storage.endTransferGrant({
        clientId: client.id,
        transferGrantId: token,
        guards: guards.take(),
      });
      if (ended.kind === 'replayed') refuseReplay(ended);
      if (ended.kind === 'too_many') throw tooManyRequests(MANY_ENDS_WAIT_SECONDS);
      return;
    }
    const parsed = parseToken(token);
    if (parsed === null) return;
    const key = { bucket: parsed.bucket, hash: hashToken(token) };
    const revoked = await deps.storage.revokeToken({ key, clientId: client.id, guards: guards.take() });
    if (revoked.kind === 'replayed') refuseReplay(revoked);
    if (revoked.kind === 'revoked' && revoked.endedGrant !== null) {
      deps.emit({
        event: 'grant_ended',
        grantId: revoked.endedGrant.id,
        subject: revoked.endedGrant.subject,
        clientId: client.id,
      });
    }
  });
}
