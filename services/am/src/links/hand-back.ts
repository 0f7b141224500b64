import { revoke } from '@chatelaine/oauth-client';
import type { ServerMetadata } from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import { clientAt, clientDeps } from './host-client.ts';

/**
 * Tells the Host at once that we do not keep what it issued. If that fails, the owner sees the link at the Host and can
 * end it there.
 */
export async function handBack(
  deps: Pick<Deps, 'config' | 'clock' | 'keys' | 'outbound' | 'log'>,
  server: ServerMetadata,
  { token, hint }: { token: string; hint: 'access_token' | 'refresh_token' },
): Promise<void> {
  const answer = await revoke(clientDeps(deps), { server, client: clientAt(deps, server.issuer), token, hint });
  if (answer.kind !== 'ok')
    deps.log.error(
      { event: 'not_handed_back', issuer: server.issuer, outcome: answer.kind },
      'a link that is not used here could not be revoked at its Host',
    );
}
