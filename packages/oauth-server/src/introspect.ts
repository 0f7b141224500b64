import { hashToken } from '@chatelaine/crypto';
import {
  formatScope,
  type IntrospectionResponse,
  invalidClient,
  invalidRequest,
  parseToken,
} from '@chatelaine/protocol';
import { authenticateClient, type ClientRequest } from './client/authenticate-client.ts';
import type { ServerDeps } from './deps.ts';
import { withGuards } from './token/guards.ts';

/**
 * The introspection endpoint, RFC 7662: a client with keys learns about tokens that were issued to it. Anything else,
 * unknown or another client's, is `{"active":false}` and nothing more (§2.2).
 */
export async function introspect(deps: ServerDeps, request: ClientRequest): Promise<IntrospectionResponse> {
  return withGuards(deps, async (guards) => {
    const client = await authenticateClient(deps, request, guards);
    // RFC 7662 §2.1: some form of authorization is a must
    if (client.authMethod !== 'private_key_jwt')
      throw invalidClient('Introspection needs client authentication by private_key_jwt.');
    const token = request.params.get('token');
    if (token === undefined) throw invalidRequest('token is missing.');
    const parsed = parseToken(token);
    const stored =
      parsed === null ? null : await deps.storage.findToken({ bucket: parsed.bucket, hash: hashToken(token) });
    if (stored === null || stored.grant.clientId !== client.id || stored.isReplaced) return { active: false };
    const { grant, act, audience, jkt } = stored;
    return {
      active: true,
      iss: deps.config.issuer,
      client_id: grant.clientId,
      sub: grant.subject,
      scope: formatScope(stored.scope),
      exp: Math.floor(stored.expiresAt),
      iat: Math.floor(stored.issuedAt),
      ...(stored.kind === 'rt' ? {} : { token_type: jkt === null ? 'Bearer' : 'DPoP' }),
      ...(audience === null ? {} : { aud: audience }),
      ...(jkt === null ? {} : { cnf: { jkt } }),
      ...(act === null ? {} : { act }),
      ...(stored.kind !== 'at' && grant.transferScope !== null
        ? { transfer_scope: formatScope(grant.transferScope) }
        : {}),
    };
  });
}
