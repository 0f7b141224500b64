import { thumbprint } from '@chatelaine/crypto';
import { type Exchanged, exchange, type Failure } from '@chatelaine/oauth-client';
import {
  coversScope,
  type ErrorResponse,
  formatScope,
  parseResource,
  parseScope,
  type ScopeSet,
  type TermsReference,
  TOKEN_TYPE,
  type TransferResponse,
} from '@chatelaine/protocol';
import { type OpenConnection, open, reopen } from './connection.ts';
import { type Deferred, deferredOf } from './deferred.ts';
import { type Explainable, requestOfError } from './explainable.ts';
import { obtain } from './obtain.ts';
import type { Kit } from './options.ts';
import { type ConnectionFailure, generalFailure, type Unusable, unusableAt } from './outcome.ts';
import type { ConnectionRef } from './requester-store.ts';
import { requesterStatement } from './statement.ts';
import { settleTerms } from './settle-terms.ts';
import type { HostToken, TransferRequest } from './token-cache.ts';

/** What a token is wanted for. */
export interface Wanted {
  readonly resource: string;
  /** One value or several. */
  readonly scope: string | readonly string[];
  /** In the app's words: shown to the owner if they are asked. At most 200 characters. */
  readonly purpose?: string;
}

export interface TransferInput extends ConnectionRef, Wanted {
  /**
   * If the owner has to be asked: `deferred`, with something to wait with, instead of `interaction_required`. PROTOCOL
   * §3.7.
   */
  readonly wait?: 'deferred';
}

/** The owner has to decide first, at the AM. PROTOCOL §3.7. */
export interface InteractionRequired extends Explainable {
  readonly kind: 'interaction_required';
  /** On the AM's origin: the page to send the owner to. */
  readonly interactionUri: string;
}

/** The owner proffers terms that the app has not answered: neither of its lists decides them. PROTOCOL §10.4. */
export interface TermsRequired extends Explainable {
  readonly kind: 'terms_required';
  /** The preferred first. */
  readonly terms: readonly TermsReference[];
}

/** A rule of the owner (`am`) or the Host itself refused. PROTOCOL §3.8. */
export interface AccessDenied extends Explainable {
  readonly kind: 'access_denied';
  readonly by: 'am' | 'host' | 'unknown';
  /** Whether asking the owner could change the answer. */
  readonly requestable: boolean;
  /** If the owner was asked and allowed a part: those scopes, which may be requested by themselves. */
  readonly allowed?: ScopeSet;
  /** The owner has paused the connection: everything is refused until they resume it. */
  readonly paused?: true;
}

/** The outcome of a request for a Host token. PROTOCOL §3.8. */
export type TransferOutcome =
  | { readonly kind: 'token'; readonly token: HostToken }
  | InteractionRequired
  | Deferred
  | AccessDenied
  | TermsRequired
  /** The Host is unknown, not linked or not shown to this connection: the AM does not say which. */
  | ({ readonly kind: 'invalid_target' } & Explainable)
  /** More scope than the owner consented to. */
  | ({ readonly kind: 'invalid_scope' } & Explainable)
  | ConnectionFailure;

/** A token for one Host, from the cache while it lasts, otherwise by a chained transfer. PROTOCOL §3.1. */
export async function transfer(kit: Kit, input: TransferInput): Promise<TransferOutcome> {
  const request = requestOf(kit, input);
  if (request === null) return MALFORMED;
  const ask = (wanted: TransferRequest): Promise<TransferOutcome> =>
    obtain(kit, wanted, () => transferNow(kit, wanted));
  const token = kit.tokens.get(request);
  if (token === null) return ask(request);
  // renewed while it is still good, so that nobody has to wait when it ends
  if (kit.background.hasRoom() && kit.tokens.claimRenewal(request))
    kit.background.run(() => ask(withoutWaiting(request)));
  return { kind: 'token', token };
}

/** For a renewal: there is nobody to tell that the owner is being asked. */
export function withoutWaiting(request: TransferRequest): TransferRequest {
  const { wait: _wait, ...now } = request;
  return now;
}

export const MALFORMED: Unusable = unusableAt('host', 'resource, scope or purpose is malformed');

/** In characters, at the AM. */
const MAX_PURPOSE = 200;

/** The request in the canonical form of the cache key; null if it is malformed. */
export function requestOf(
  { schemes }: Pick<Kit, 'schemes'>,
  { owner, connectionId, purpose, wait, ...input }: TransferInput,
): TransferRequest | null {
  const resource = parseResource(input.resource, schemes);
  const scope = parseScope(typeof input.scope === 'string' ? input.scope : formatScope(input.scope));
  if (resource === null || scope === null || (purpose ?? '').length > MAX_PURPOSE) return null;
  return { owner, connectionId, resource, scope, ...(purpose !== undefined && { purpose }), ...(wait && { wait }) };
}

/** One transfer, without the cache. */
export async function transferNow(kit: Kit, request: TransferRequest): Promise<TransferOutcome> {
  const opened = await open(kit, request);
  if (opened.kind !== 'open') return opened;
  const first = await askOnce(kit, request, opened);
  if (first.kind !== 'terms_required' || (await settleTerms(kit, request, opened)) !== 'accepted') return first;
  return askOnce(kit, request, opened);
}

/** Repeats it once with a fresh connection token if that was what was wrong. */
async function askOnce(kit: Kit, request: TransferRequest, opened: OpenConnection): Promise<TransferOutcome> {
  const first = await ask(kit, request, opened);
  // RFC 8693 §2.2.2: how the AM says that it does not accept the connection token
  if (first.kind !== 'oauth_error' || first.error.error !== 'invalid_request')
    return outcomeOf(kit, request, opened, first);
  const again = await reopen(kit, request, opened);
  if (again.kind !== 'open') return again;
  return outcomeOf(kit, request, again, await ask(kit, request, again));
}

async function ask(kit: Kit, request: TransferRequest, opened: OpenConnection): Promise<Exchanged | Failure> {
  const { server, client, secrets } = opened;
  const { purpose, wait } = request;
  const actorToken = await requesterStatement(kit, opened, request);
  return exchange(kit, {
    server,
    client,
    subjectToken: secrets.accessToken,
    resource: request.resource,
    scope: formatScope(request.scope),
    dpopKey: secrets.dpopKey,
    params: { ...(purpose !== undefined && { purpose }), ...(wait && { completion_mode: wait }) },
    ...(actorToken === undefined ? {} : { actorToken }),
  });
}

/** Interprets an answer, on hop 1 or as an item of a batch: a token counts only if it is the one requested. */
export function outcomeOf(
  kit: Kit,
  request: TransferRequest,
  opened: OpenConnection,
  answer: Exchanged | Failure,
): TransferOutcome {
  if (answer.kind !== 'ok') return refusal(kit, request, { failure: answer, am: opened.server.issuer });
  const fault = faultOf(answer.response, request, thumbprint(opened.secrets.dpopKey.publicJwk));
  if (fault !== null) return unusableAt('am', fault);
  const { access_token: accessToken, scope, expires_in: expiresIn, resource, iss: issuer } = answer.response;
  const expiresAt = kit.clock.now() + expiresIn;
  return { kind: 'token', token: { accessToken, scope: parseScope(scope) ?? [], resource, issuer, expiresAt } };
}

/**
 * Whether it is the token requested: of this Host, bound to our key, no wider. A faulty AM must not steer us. PROTOCOL
 * §3.5.
 */
function faultOf(answer: TransferResponse, request: TransferRequest, jkt: string): string | null {
  const scope = parseScope(answer.scope);
  if (answer.issued_token_type !== TOKEN_TYPE.accessToken) return 'another kind of token';
  if (answer.token_type !== 'DPoP' || answer.cnf?.jkt !== jkt) return 'not bound to the key of the connection';
  if (answer.resource !== request.resource) return 'another resource than asked';
  if (answer.iss !== new URL(request.resource).origin) return 'another issuer than the Host';
  return scope === null || !coversScope(request.scope, scope) ? 'more scope than asked' : null;
}

function refusal(
  kit: Kit,
  request: TransferRequest,
  { failure, am }: { failure: Failure; am: string },
): TransferOutcome {
  if (failure.kind !== 'oauth_error') return generalFailure(failure, 'am');
  const { error } = failure;
  const named = requestOfError(error);
  switch (error.error) {
    case 'interaction_required':
      return { ...interaction(error.interaction_uri, am), ...named };
    case 'authorization_pending': {
      const asked = error.interaction_uri === undefined ? null : interaction(error.interaction_uri, am);
      if (asked?.kind === 'unusable') return asked;
      const interactionUri = asked?.interactionUri ?? null;
      const judge = (opened: OpenConnection, answer: Exchanged | Failure): TransferOutcome =>
        outcomeOf(kit, request, opened, answer);
      return deferredOf(kit, request, { error, interactionUri, judge }) ?? unusableAt('am', 'nothing to wait with');
    }
    case 'access_denied':
      return deniedOf(error, request);
    case 'terms_required':
      return { kind: 'terms_required', terms: error.terms ?? [], ...named };
    case 'invalid_target':
    case 'invalid_scope':
      return { kind: error.error, ...named };
    // still not accepted with a fresh connection token
    case 'invalid_request':
      return failure.status === 400 ? { kind: 'reconnect' } : generalFailure(failure, 'am');
    default:
      return generalFailure(failure, 'am');
  }
}

function deniedOf(error: ErrorResponse, request: TransferRequest): AccessDenied {
  const allowed = error.allowed_scope === undefined ? null : parseScope(error.allowed_scope);
  const isPart = allowed !== null && allowed.length > 0 && coversScope(request.scope, allowed);
  const { denied_by: by = 'unknown', requestable = false } = error;
  const said = { ...(isPart && { allowed }), ...(error.paused && { paused: true as const }) };
  return { kind: 'access_denied', by, requestable, ...said, ...requestOfError(error) };
}

function interaction(uri: string | undefined, am: string): InteractionRequired | Unusable {
  const url = uri === undefined ? null : URL.parse(uri);
  // PROTOCOL §3.7: only on the AM's origin, or the owner could be sent anywhere
  if (url === null || url.origin !== am) return unusableAt('am', 'interaction_uri is not on the AM');
  return { kind: 'interaction_required', interactionUri: url.href };
}
