import { checkDpopProof, type DpopResult, hashToken } from '@chatelaine/crypto';
import type { OAuthStorage, StoredToken, TokenKey, UsedToken } from '@chatelaine/oauth-server';
import { parseToken, type ResourceUrl, type ScopeSet } from '@chatelaine/protocol';
import type { HostSettings } from '../options.ts';
import type { Fault } from './challenge.ts';

/** Who may do what, according to a valid token. */
export interface Access {
  /** The owner whose data it is. */
  readonly owner: string;
  /** All scopes of the token. */
  readonly scope: ScopeSet;
  /** Who acts for the owner: a client of the AM, identified by `am` together with `id`. */
  readonly requester: {
    readonly id: string;
    /** As the AM gave it; nobody has verified it. */
    readonly name: string | null;
  };
  /** The AM's issuer. */
  readonly am: string;
  /** When the token was minted, in epoch seconds by the database's clock. */
  readonly issuedAt: number;
}

/** A request that may go on, and the token it used. */
export interface Allowed {
  readonly kind: 'allowed';
  readonly access: Access;
  readonly token: TokenKey;
}

export type Verdict =
  | Allowed
  /** There is no token: the challenge carries no error. */
  | { readonly kind: 'anonymous' }
  /** It cannot be judged now; it can after so many seconds, with a new proof. */
  | { readonly kind: 'unavailable'; readonly cause: string; readonly retryAfter: number }
  | {
      readonly kind: 'refused';
      readonly status: 400 | 401 | 403;
      readonly fault: Fault;
      readonly cause: string;
      /** The token's scopes, if they are not enough. */
      readonly held?: ScopeSet;
    };

export interface CheckDeps {
  readonly settings: HostSettings;
  readonly storage: Pick<OAuthStorage, 'findToken' | 'useToken'>;
}

export interface ApiRequest {
  readonly method: string;
  /** The request target as received. */
  readonly target: string;
  /** All headers of these names, unjoined. */
  readonly authorization: readonly string[];
  readonly dpop: readonly string[];
  /** The resource that the request came through: the token must be for it. */
  readonly resource: ResourceUrl;
  /** All of these scopes are required. */
  readonly scopes: readonly string[];
}

/**
 * Judges one request to the API. The token must have been minted for this resource, by kind and by audience; a bound
 * one comes with a proof by its key, made for this request and used once. Our own address comes from configuration,
 * never from the request's headers. PROTOCOL §4, RFC 9449 §7.
 */
export async function judge(deps: CheckDeps, request: ApiRequest): Promise<Verdict> {
  const credentials = readCredentials(request.authorization);
  if (credentials.kind !== 'credentials') return credentials;
  const { scheme, token } = credentials;
  const parsed = parseToken(token);
  // by kind, never by scope: a link token opens nothing here
  if (parsed?.kind !== 'at') return badToken('not a Host access token');
  const proof = scheme === 'dpop' ? await checkProof(deps, request, token) : null;
  const key = { bucket: parsed.bucket, hash: hashToken(token) };
  const { token: stored, proof: spent } =
    proof?.kind === 'valid'
      ? await deps.storage.useToken({ token: key, audience: request.resource, proof })
      : ({ token: await deps.storage.findToken(key), proof: 'untouched' } as const);
  if (stored === null || stored.kind !== 'at' || stored.act === null) return badToken('unknown, expired or ended');
  if (stored.audience !== request.resource) return badToken('audience');
  const fault = proof === null ? faultOfBearer(deps, stored) : faultOfProof({ proof, spent, stored });
  if (fault !== null) return fault;
  if (!request.scopes.every((scope) => stored.scope.includes(scope))) {
    const verdict = refused(
      403,
      'insufficient_scope',
      'The token does not have the scope that is needed here.',
      'scope',
    );
    return { ...verdict, held: stored.scope };
  }
  const { act, grant, scope, issuedAt } = stored;
  return {
    kind: 'allowed',
    access: { owner: grant.subject, scope, requester: { id: act.sub, name: stored.actorName }, am: act.iss, issuedAt },
    token: key,
  };
}

type Credentials = { readonly kind: 'credentials'; readonly scheme: 'dpop' | 'bearer'; readonly token: string };

function readCredentials(headers: readonly string[]): Credentials | Exclude<Verdict, { kind: 'allowed' }> {
  const [header, ...others] = headers;
  if (header === undefined) return { kind: 'anonymous' };
  // RFC 6750 §3.1: more than one way of sending a token
  if (others.length > 0)
    return refused(400, 'invalid_request', 'Send one Authorization header.', 'several Authorization headers');
  const match = /^(dpop|bearer) +([^\s]+)$/i.exec(header.trim());
  const [, name, token] = match ?? [];
  if (name !== undefined && token !== undefined)
    return { kind: 'credentials', scheme: name.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', token };
  return /^(dpop|bearer)\b/i.test(header.trim()) ? badToken('malformed credentials') : { kind: 'anonymous' };
}

function checkProof({ settings }: CheckDeps, request: ApiRequest, accessToken: string): Promise<DpopResult> {
  const { method: htm, target, dpop: headers } = request;
  // an absolute-form target would put the caller's words in place of our own origin
  const path = target.startsWith('/') ? target.replace(/[?#].*$/s, '') : '/';
  return checkDpopProof({ headers, htm, htu: `${settings.issuer}${path}`, accessToken, clock: settings.clock });
}

function faultOfBearer({ settings }: CheckDeps, stored: StoredToken): Verdict | null {
  // RFC 9449 §7.2: a bound token is no bearer token
  if (stored.jkt !== null) return badToken('bound token as Bearer');
  return settings.bearer ? null : badToken('unbound tokens are not allowed here');
}

/** RFC 9449 §4.3, and §11.1: the proof is for this token's key, and for this once. */
function faultOfProof({
  proof,
  spent,
  stored,
}: {
  proof: DpopResult;
  spent: UsedToken['proof'];
  stored: StoredToken;
}): Exclude<Verdict, { kind: 'allowed' }> | null {
  if (stored.jkt === null) return badToken('unbound token as DPoP');
  if (proof.kind === 'absent') return badProof('A DPoP proof is missing.', 'no proof');
  if (proof.kind === 'invalid') {
    return proof.reason === 'ath' ? badToken('ath') : badProof('The DPoP proof is not valid.', proof.reason);
  }
  switch (spent) {
    case 'spent':
      return null;
    case 'untouched':
      return badToken('another key');
    case 'replayed':
      return badProof('The DPoP proof was used before.', 'replayed');
    case 'forgotten':
      // ADR 0023
      return { kind: 'unavailable', cause: 'the memory of used proofs is younger than this one', retryAfter: 10 };
  }
}

function refused(
  status: 400 | 401 | 403,
  error: Fault['error'],
  description: string,
  cause: string,
): Extract<Verdict, { kind: 'refused' }> {
  return { kind: 'refused', status, fault: { error, description }, cause };
}

/** One text for every reason: whether a token ever existed is nobody's business. */
const badToken = (cause: string): Extract<Verdict, { kind: 'refused' }> =>
  refused(401, 'invalid_token', 'The access token is not valid for this request.', cause);
const badProof = (description: string, cause: string): Extract<Verdict, { kind: 'refused' }> =>
  refused(401, 'invalid_dpop_proof', description, cause);
