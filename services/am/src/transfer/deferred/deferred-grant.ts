import { hashToken, randomId } from '@chatelaine/crypto';
import { type Grant, Guards, isProven, refuseReplay, type TokenContext, type TokenKey } from '@chatelaine/oauth-server';
import {
  authorizationPending,
  DEFERRED,
  expiredToken,
  invalidDpopProof,
  invalidGrant,
  invalidRequest,
  LIFETIME,
  type OAuthError,
  parseResource,
  parseToken,
  slowDown,
  type TransferResponse,
} from '@chatelaine/protocol';
import { decide } from '../decide.ts';
import {
  attemptDeferral,
  endDeferral,
  type Polled,
  pollDeferral,
  releaseDeferral,
  succeedDeferral,
} from './deferral-store.ts';
import { withhold } from '../close.ts';
import { complete } from '../complete-store.ts';
import type { TransferOutcome } from '../outcome.ts';
import type { TransferRequest } from '../request.ts';
import { actorTokenOf, readRequesterStatement } from '../requester-statement.ts';
import { readSnapshot } from '../snapshot-store.ts';
import { notAllowed, pausedForNow, toOAuthError } from '../to-oauth-error.ts';
import { mint, takeQuota, type TransferDeps } from '../transfer.ts';

/**
 * A poll: checks whether the owner has answered the question a Requester waits for, and if they allowed it, transfers.
 * PROTOCOL §3.7.
 */
export function deferredGrant(deps: TransferDeps): Grant {
  return { grantType: DEFERRED.grantType, handle: async (context) => ({ ...(await poll(deps, context)) }) };
}

async function poll(deps: TransferDeps, context: TokenContext): Promise<TransferResponse> {
  const { client, params, jkt, guards } = context;
  const key = readCode(context);
  if (jkt === null) throw invalidDpopProof('A poll needs a DPoP proof by the key that asked.');
  const ownStatement = actorTokenOf(params);
  const polled = await pollDeferral(deps.pool, { key, clientId: client.id, jkt, guards: guards.take() });
  // RFC 8628 §3.5 asks for patience; impatient polls are counted as well
  if (polled.kind === 'polled' || polled.kind === 'too_early')
    await takeQuota(deps, { connectionId: polled.connectionId, clientId: client.id });
  switch (polled.kind) {
    case 'replayed':
      return refuseReplay(polled);
    case 'unknown':
      throw badCode();
    case 'expired':
      throw expired();
    case 'too_early':
      throw slowDown('Wait longer between two requests.', { extras: { interval: LIFETIME.pollInterval } });
    case 'polled': {
      const request = requestOf(deps, { ...context, jkt, key, polled, ownStatement });
      const answered = await answer(deps, { key, polled, request, signal: context.signal });
      if (answered.kind !== 'token') throw refusalOf(polled, answered);
      return answered.response;
    }
  }
}

function readCode({ params }: TokenContext): TokenKey {
  const code = params.get('deferral_code');
  if (code === undefined) throw invalidRequest('deferral_code is missing.');
  // what is asked for was fixed when it was deferred
  const other = ['subject_token', 'resource', 'audience', 'scope', 'cnf', 'req_cnf', 'jkt', 'act', 'grant_id'];
  const found = other.find((name) => params.has(name));
  if (found !== undefined) throw invalidRequest(`${found} is not a parameter of this request.`);
  const parsed = parseToken(code);
  if (parsed?.kind !== 'dc') throw badCode();
  return { bucket: parsed.bucket, hash: hashToken(code) };
}

/** The request as it was made then, with the Requester's own statement of now. */
function requestOf(
  { config }: TransferDeps,
  input: {
    client: TokenContext['client'];
    jkt: string;
    key: TokenKey;
    polled: Polled;
    ownStatement: string | null;
  },
): TransferRequest {
  const { client, jkt, key, polled, ownStatement } = input;
  const resource = parseResource(polled.resource, config.schemes);
  if (resource === null) throw new Error('a deferral for what is no resource');
  const about = { clientId: client.id, jkt, resource, scopes: polled.scopes };
  return {
    clientId: client.id,
    isAuthenticated: isProven(client),
    subject: { kind: 'deferral', key },
    binding: { kind: 'key', jkt },
    resource,
    scopes: polled.scopes,
    purpose: null,
    requesterStatement: readRequesterStatement(ownStatement, about),
    completion: 'poll',
  };
}

/** The outcome of a poll that comes in time. */
type Answer =
  | TransferOutcome
  /** The owner has not answered. */
  | { readonly kind: 'open' }
  /** They did not allow it. */
  | { readonly kind: 'not_allowed' }
  /** Their approval is gone. */
  | { readonly kind: 'expired' }
  /** Another poll has got the token. */
  | { readonly kind: 'overtaken' };

interface Answering {
  readonly key: TokenKey;
  readonly polled: Polled;
  readonly request: TransferRequest;
  readonly signal: AbortSignal;
}

/** Decides everything again, so that what the owner changed since then counts. A refusal ends the deferral. */
async function answer(deps: TransferDeps, input: Answering): Promise<Answer> {
  const { key, polled, request } = input;
  const isToBeAsked = async (): Promise<boolean> =>
    decide(await readSnapshot(deps.pool, request), request).kind === 'ask';
  const unanswered = await isToBeAsked();
  if (unanswered && polled.askState === 'open') return { kind: 'open' };
  const attemptId = randomId('try');
  if (!(await attemptDeferral(deps.pool, key, attemptId))) return { kind: 'open' };
  let outcome: Answer | null = null;
  try {
    // checked again: the approval may have been in use by another poll until now
    const isDenied = unanswered && (await isToBeAsked());
    outcome = isDenied ? deniedBy(polled) : await attempt(deps, { ...input, attemptId });
    return outcome;
  } finally {
    if (outcome === null || !ENDS.has(outcome.kind)) await releaseDeferral(deps.pool, key, attemptId);
    else if (outcome.kind !== 'token') await endDeferral(deps.pool, key, attemptId);
  }
}

/** The transfer. The poll has spent its guards; its token goes to the one poll that ends the deferral. */
async function attempt(
  deps: TransferDeps,
  { key, attemptId, request, signal }: Answering & { readonly attemptId: string },
): Promise<Answer> {
  const minted = await mint(deps, { request, guards: new Guards(), quota: 'counted', signal });
  if (minted.kind !== 'minted') return minted;
  if (signal.aborted) return withhold(deps, minted);
  if (!(await succeedDeferral(deps.pool, key, attemptId))) {
    await withhold(deps, minted);
    return { kind: 'overtaken' };
  }
  return (await complete(deps, [minted]))(minted);
}

/** The owner was asked, and would have to be asked again. */
const deniedBy = ({ askState }: Polled): Answer => ({ kind: askState === 'closed' ? 'not_allowed' : 'expired' });

/** After these, polling again is pointless. */
const ENDS: ReadonlySet<Answer['kind']> = new Set([
  'token',
  'not_allowed',
  'expired',
  'overtaken',
  'bad_token',
  'stopped',
  'bad_target',
  'broken',
  'key_needed',
  'bad_scope',
  'deny',
  'no_terms',
  'denied',
] as const);

/** The error of a poll that yields no token. PROTOCOL §3.7, §3.8. */
function refusalOf(polled: Polled, answered: Exclude<Answer, { kind: 'token' }>): OAuthError {
  switch (answered.kind) {
    case 'open':
      return pending(polled);
    case 'not_allowed':
      return notAllowed(polled.allowed);
    case 'expired':
      return expired();
    case 'overtaken':
      return badCode('another poll was faster');
    // only the code was shown, so it is the code that is invalid
    case 'bad_token':
    case 'stopped':
      return badCode(answered.kind);
    // a Requester that is waiting goes on waiting
    case 'paused':
      return pausedForNow(answered);
    default:
      return toOAuthError(answered);
  }
}

const pending = ({ expiresIn }: Polled): OAuthError =>
  authorizationPending('The owner has not answered yet.', {
    extras: { expires_in: expiresIn, interval: LIFETIME.pollInterval },
  });
const expired = (): OAuthError => expiredToken('The deferral_code is no longer good; ask anew.');
const badCode = (cause?: unknown): OAuthError => invalidGrant('The deferral_code is not acceptable.', { cause });
