import { hashToken, isVerifier, mintToken, verifyPkce } from '@chatelaine/crypto';
import {
  GRANT,
  invalidDpopProof,
  invalidGrant,
  invalidRequest,
  LIFETIME,
  type OAuthError,
  parseToken,
} from '@chatelaine/protocol';
import { isProven } from '../../client/client.ts';
import type { ServerDeps } from '../../deps.ts';
import type { StoredCode, TokenKey } from '../../storage.ts';
import type { Grant, TokenContext } from '../grant.ts';
import { refuseReplay } from '../guards.ts';
import { issueByCode } from '../issue.ts';
import { refuseWeaker } from '../refuse-weaker.ts';
import { relationshipAnswer } from '../relationship-answer.ts';

type CodeDeps = Pick<ServerDeps, 'config' | 'storage' | 'emit' | 'clock'>;

/** OAuth 2.1 §4.1.3 */
export function authorizationCodeGrant(deps: CodeDeps): Grant {
  return { grantType: GRANT.authorizationCode, handle: (context) => redeem(deps, context) };
}

async function redeem(deps: CodeDeps, context: TokenContext): Promise<Readonly<Record<string, unknown>>> {
  const { client, guards } = context;
  const { key, bucket } = readCodeParameter(context);
  const code = await deps.storage.readCode(key);
  if (code === null || code.clientId !== client.id) throw badCode('unknown or of another client');
  refuseWeaker(client, code.grant);
  const verifier = await checkVerifier(deps, context, { key, code });
  checkRedirectUri(context, code);
  if (code.grant.answeredBy !== null) return issueByCode(deps, context, { key, code });
  const jkt = checkKey(deps, context, code);
  const accessToken = mintToken(deps.config.accessTokenKind, bucket);
  const refreshToken = mintToken('rt', bucket);
  const redeemed = await deps.storage.redeemCode({
    code: key,
    clientId: client.id,
    isAuthenticated: isProven(client),
    jkt,
    tokens: [
      {
        hash: hashToken(accessToken),
        kind: deps.config.accessTokenKind,
        lifetimeSeconds: LIFETIME.relationshipAccessToken,
      },
      { hash: hashToken(refreshToken), kind: 'rt', lifetimeSeconds: LIFETIME.refreshTokenIdle },
    ],
    guards: guards.take(),
  });
  switch (redeemed.kind) {
    case 'replayed':
      return refuseReplay(redeemed);
    case 'reused':
      deps.emit({ event: 'code_reused', clientId: client.id, grantId: redeemed.grantId });
      throw badCode('used before');
    case 'unknown':
      throw badCode('expired or its grant ended');
    case 'redeemed':
      for (const { redeemed: hear } of deps.config.extensions ?? [])
        await hear?.({ grant: redeemed.grant, client, verifier, signal: context.signal });
      return relationshipAnswer(deps, {
        grant: redeemed.grant,
        accessToken,
        expiresIn: Math.max(1, Math.round((redeemed.expiresAt[0] ?? 0) - deps.clock.now())),
        refreshToken,
      });
  }
}

function readCodeParameter({ params }: TokenContext): { key: TokenKey; bucket: number } {
  const value = params.get('code');
  if (value === undefined) throw invalidRequest('code is missing.');
  const parsed = parseToken(value);
  if (parsed === null || parsed.kind !== 'ac') throw badCode('malformed');
  return { key: { bucket: parsed.bucket, hash: hashToken(value) }, bucket: parsed.bucket };
}

/** RFC 7636 §4.6. A wrong verifier from the right client invalidates the code: it may be in the wrong hands. */
async function checkVerifier(
  deps: CodeDeps,
  { params }: TokenContext,
  stored: { key: TokenKey; code: StoredCode },
): Promise<string> {
  const verifier = params.get('code_verifier');
  if (verifier === undefined) throw invalidRequest('code_verifier is missing.');
  const { codeChallenge } = stored.code;
  if (codeChallenge !== null && isVerifier(verifier) && verifyPkce(verifier, codeChallenge)) return verifier;
  await deps.storage.invalidateCode(stored.key);
  throw badCode('verifier');
}

/** OAuth 2.1 requires no redirect_uri here; one that is sent must be that of the request. */
function checkRedirectUri({ params }: TokenContext, code: StoredCode): void {
  const given = params.get('redirect_uri');
  if (given !== undefined && given !== code.redirectUri) throw badCode('redirect_uri differs');
}

/** RFC 9449 §10: the proof's key must be the one the request named. */
function checkKey(deps: CodeDeps, { jkt }: TokenContext, code: StoredCode): string | null {
  if (deps.config.relationshipTokens === 'keyed') return null;
  if (jkt === null) throw invalidDpopProof('A connection is bound to a DPoP key: send a proof.');
  if (code.jkt !== jkt) throw badCode('DPoP key differs from dpop_jkt');
  return jkt;
}

const badCode = (cause: string): OAuthError => invalidGrant('The code is not valid.', { cause });
