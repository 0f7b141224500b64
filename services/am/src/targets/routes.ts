import { oauthScope, refuseOtherMethods } from '@chatelaine/oauth-server-fastify';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { badProof, provenToken } from '../connections/connection-token.ts';
import { TARGETS_PATH } from '../connections/operations.ts';
import { listTargets } from './store.ts';

type TargetsDeps = Pick<Deps, 'config' | 'clock' | 'pool' | 'server'>;

/** What a connection may ask for. Authorized by the connection's token and key. PROTOCOL §5. */
export async function targetsFeature(app: FastifyInstance, deps: TargetsDeps): Promise<void> {
  await app.register(async (scope) => {
    await oauthScope(scope);
    scope.get(TARGETS_PATH, async (request) => {
      const { stored, guard } = await provenToken(deps, { request, path: TARGETS_PATH });
      const burned = await deps.server.storage.burn([guard]);
      if (burned.kind === 'replayed') throw badProof('The DPoP proof was used before.', 'replayed');
      return listTargets(deps.pool, stored.grant.id);
    });
    refuseOtherMethods(scope, TARGETS_PATH, ['GET']);
  });
}
