import { oauthScope, refuseOtherMethods } from '@chatelaine/oauth-server-fastify';
import { invalidRequest, refusalsQuerySchema, type RefusalsResponse } from '@chatelaine/protocol';
import { queryOf } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import { badProof, provenToken } from '../connections/connection-token.ts';
import { REFUSALS_PATH } from '../connections/operations.ts';
import type { Deps } from '../deps.ts';
import { explain } from './explain.ts';
import { readRefusals } from './store.ts';

type RefusalsDeps = Pick<Deps, 'config' | 'clock' | 'pool' | 'server'>;

/** Why one of a connection's requests was refused. Authorized by the connection's token and key. PROTOCOL §3.9. */
export async function refusalsFeature(app: FastifyInstance, deps: RefusalsDeps): Promise<void> {
  await app.register(async (scope) => {
    await oauthScope(scope);
    scope.get(REFUSALS_PATH, async (request): Promise<RefusalsResponse> => {
      const { stored, guard } = await provenToken(deps, { request, path: REFUSALS_PATH });
      const burned = await deps.server.storage.burn([guard]);
      if (burned.kind === 'replayed') throw badProof('The DPoP proof was used before.', 'replayed');
      const asked = refusalsQuerySchema.safeParse(Object.fromEntries(queryOf(request)));
      if (!asked.success) throw invalidRequest('The query has to be one request_id, as an error had it.');
      const { bucket, id: connectionId } = stored.grant;
      const kept = await readRefusals(deps, { bucket, connectionId, requestId: asked.data.request_id });
      return { refusals: kept.flatMap((one) => explain(deps.config, one) ?? []) };
    });
    refuseOtherMethods(scope, REFUSALS_PATH, ['GET']);
  });
}
