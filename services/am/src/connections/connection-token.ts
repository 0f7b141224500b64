import { checkDpopProof, hashToken } from '@chatelaine/crypto';
import type { ReplayGuard, StoredToken } from '@chatelaine/oauth-server';
import { invalidDpopProof, invalidToken, type OAuthError, parseToken, SIGNING_ALGS } from '@chatelaine/protocol';
import type { FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';

/** A connection's token that came with a valid proof by the connection's key. */
export interface ProvenToken {
  readonly accessToken: string;
  readonly stored: StoredToken;
  /** Thumbprint of the key. */
  readonly jkt: string;
  /** To be spent before anything is answered. */
  readonly guard: ReplayGuard;
}

/**
 * Reads a connection's token as a resource does: the DPoP scheme, and a proof for exactly this request and token. RFC
 * 9449 §7.
 */
export async function provenToken(
  { config, clock, server }: Pick<Deps, 'config' | 'clock' | 'server'>,
  { request, path }: { request: FastifyRequest; path: string },
): Promise<ProvenToken> {
  const authorization = request.raw.headersDistinct['authorization'] ?? [];
  const accessToken =
    authorization.length === 1 ? /^DPoP ([A-Za-z0-9_-]+)$/i.exec(authorization[0] ?? '')?.[1] : undefined;
  if (accessToken === undefined) throw badConnectionToken('no DPoP token');
  const proof = await checkDpopProof({
    headers: request.raw.headersDistinct['dpop'] ?? [],
    htm: request.method,
    htu: `${config.issuer}${path}`,
    accessToken,
    clock,
  });
  if (proof.kind !== 'valid') {
    throw badProof('The DPoP proof is missing or not valid.', proof.kind === 'invalid' ? proof.reason : 'absent');
  }
  const parsed = parseToken(accessToken);
  if (parsed?.kind !== 'ct') throw badConnectionToken('not a connection token');
  const stored = await server.storage.findToken({ bucket: parsed.bucket, hash: hashToken(accessToken) });
  // proofs by unknown keys are not remembered: they would fill the store of used ones
  if (stored?.kind !== 'ct' || stored.grant.jkt !== proof.jkt) throw badConnectionToken('unknown, or another key');
  const { jkt, jti, expiresAt } = proof;
  return { accessToken, stored, jkt, guard: { kind: 'dpop', key: jkt, jti, expiresAt } };
}

/** PROTOCOL §3.8: 401 at a resource, whatever is wrong with the proof. */
export function badProof(message: string, cause: string): OAuthError {
  return invalidDpopProof(message, { status: 401, headers: challenge('invalid_dpop_proof'), cause });
}

/** One answer for every token that is not this connection's live one. */
export function badConnectionToken(cause: string): OAuthError {
  return invalidToken('The access token is not valid.', { cause, headers: challenge('invalid_token') });
}

const challenge = (error: string): Record<string, string> => ({
  'www-authenticate': `DPoP error="${error}", algs="${SIGNING_ALGS.join(' ')}"`,
});
