import {
  acceptJson,
  limitRefusals,
  oauthScope,
  refuseOtherMethods,
  requestDeps,
} from '@chatelaine/oauth-server-fastify';
import { agreementRequestSchema, type AgreementsResponse, invalidRequest, LIMIT } from '@chatelaine/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { badProof, provenToken } from '../connections/connection-token.ts';
import { AGREEMENTS_PATH } from '../connections/operations.ts';
import type { Deps } from '../deps.ts';
import { readAgreement, type Signer, takeAgreement } from './answer.ts';

type AgreementsDeps = Pick<Deps, 'config' | 'clock' | 'pool' | 'server' | 'terms' | 'rateLimits' | 'failpoint'>;

/**
 * The terms that a connection's owner proffers, and the Requester's answer. Authorized by the connection's token and
 * key. PROTOCOL §10.3.
 */
export async function agreementsFeature(app: FastifyInstance, deps: AgreementsDeps): Promise<void> {
  await app.register(async (scope) => {
    await oauthScope(scope);
    acceptJson(scope, { bodyLimit: 2 * LIMIT.agreementChars });
    limitRefusals(scope, {
      rateLimits: deps.rateLimits,
      limits: deps.config.limits.oauth,
      issuer: deps.config.issuer,
    });
    scope.get(AGREEMENTS_PATH, async (request) => readAgreement(deps, await authenticated(deps, request)));
    scope.post(AGREEMENTS_PATH, async (request): Promise<AgreementsResponse> => {
      const signer = await authenticated(deps, request);
      const { server, rateLimits, config } = deps;
      const asked = requestDeps({ deps: server, rateLimits, limits: config.limits.oauth }, request);
      return takeAgreement({ ...deps, server: asked }, signer, readBody(request.body));
    });
    refuseOtherMethods(scope, AGREEMENTS_PATH, ['GET', 'POST']);
  });
}

async function authenticated(deps: AgreementsDeps, request: FastifyRequest): Promise<Signer> {
  const { stored, guard } = await provenToken(deps, { request, path: AGREEMENTS_PATH });
  const burned = await deps.server.storage.burn([guard]);
  if (burned.kind === 'replayed') throw badProof('The DPoP proof was used before.', 'replayed');
  const { id, subject, clientId } = stored.grant;
  return { ownerId: subject, connectionId: id, clientId };
}

function readBody(body: unknown): string {
  const read = agreementRequestSchema.safeParse(body);
  if (!read.success) throw invalidRequest('The body is not a JSON object with one member, "agreement".');
  return read.data.agreement;
}
