import { checkDpopProof, hashToken } from '@chatelaine/crypto';
import type { StoredToken } from '@chatelaine/oauth-server';
import { oauthScope, refuseOtherMethods } from '@chatelaine/oauth-server-pg';
import { invalidDpopProof, invalidToken, type OAuthError, parseToken, SIGNING_ALGS } from '@chatelaine/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { TARGETS_PATH } from '../oauth/server.ts';
import { listTargets } from './store.ts';

type TargetsDeps = Pick<Deps, 'config' | 'clock' | 'pool' | 'server'>;

/** What a connection may ask for; its token and its key open it. PROTOCOL §5. */
export async function targetsFeature(app: FastifyInstance, deps: TargetsDeps): Promise<void> {
  await app.register(async (scope) => {
    await oauthScope(scope);
    scope.get(TARGETS_PATH, async (request) => {
      const token = await authorize(deps, request);
      return listTargets(deps.pool, token.grant.id);
    });
    refuseOtherMethods(scope, TARGETS_PATH, ['GET']);
  });
}

/** RFC 9449 §7: a bound token and a proof by its key. */
async function authorize({ config, clock, server }: TargetsDeps, request: FastifyRequest): Promise<StoredToken> {
  const authorization = request.raw.headersDistinct['authorization'] ?? [];
  const accessToken =
    authorization.length === 1 ? /^DPoP ([A-Za-z0-9_-]+)$/i.exec(authorization[0] ?? '')?.[1] : undefined;
  if (accessToken === undefined) throw unauthorized('no DPoP token');
  const proof = await checkDpopProof({
    headers: request.raw.headersDistinct['dpop'] ?? [],
    htm: request.method,
    htu: `${config.issuer}${TARGETS_PATH}`,
    accessToken,
    clock,
  });
  if (proof.kind !== 'valid') {
    throw badProof('The DPoP proof is missing or not valid.', proof.kind === 'invalid' ? proof.reason : 'absent');
  }
  const parsed = parseToken(accessToken);
  if (parsed?.kind !== 'ct') throw unauthorized('not a connection token');
  const token = await server.storage.findToken({ bucket: parsed.bucket, hash: hashToken(accessToken) });
  if (token?.kind !== 'ct' || token.grant.jkt !== proof.jkt) throw unauthorized('unknown, or another key');
  // only now: proofs by keys nobody knows would fill the store of used ones
  const burned = await server.storage.burn([
    { kind: 'dpop', key: proof.jkt, jti: proof.jti, expiresAt: proof.expiresAt },
  ]);
  if (burned.kind === 'replayed') throw badProof('The DPoP proof was used before.', 'replayed');
  return token;
}

/** PROTOCOL §3.8: 401 at a resource, whatever is wrong with the proof. */
function badProof(message: string, cause: string): OAuthError {
  return invalidDpopProof(message, { status: 401, headers: challenge('invalid_dpop_proof'), cause });
}

function unauthorized(cause: string): OAuthError {
  return invalidToken('The access token is not valid.', { cause, headers: challenge('invalid_token') });
}

const challenge = (error: string): Record<string, string> => ({
  'www-authenticate': `DPoP error="${error}", algs="${SIGNING_ALGS.join(' ')}"`,
});
