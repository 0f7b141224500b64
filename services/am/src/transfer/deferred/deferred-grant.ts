import { hashToken, randomId } from '@chatelaine/crypto';
import { type Grant, Guards, isProven, refuseReplay, type TokenContext, type TokenKey } from '@chatelaine/oauth-server';
import {
  accessDenied,
  authorizationPending,
  DEFERRED,
  expiredToken,
  invalidDpopProof,
  invalidGrant,
  invalidRequest,
  LIFETIME,
  OAuthError,
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
import { unfinished } from '../give-up.ts';
import { handOut, withhold } from '../hand-out.ts';
import type { TransferRequest } from '../request.ts';
import { actorTokenOf, readRequesterStatement } from '../requester-statement.ts';
import { takeQuota } from '../quota.ts';
import { readSnapshot } from '../store.ts';
import { obtain, type TransferDeps } from '../transfer.ts';

/** A poll: whether the owner has answered what a Requester waits for, and if so, the transfer. PROTOCOL §3.7. */
export function deferredGrant(deps: TransferDeps): Grant {
  return { grantType: DEFERRED.grantType, handle: async (context) => ({ ...(await poll(deps, context)) }) };
}

async function poll(deps: TransferDeps, context: TokenContext): Promise<TransferResponse> {
  const { client, params, jkt, guards } = context;
  const key = readCode(context);
  if (jkt === null) throw invalidDpopProof('A poll needs a DPoP proof by the key that asked.');
  const ownStatement = actorTokenOf(params);
  const polled = await pollDeferral(deps.pool, { key, clientId: client.id, jkt, guards: guards.take() });
  // RFC 8628 §3.5 asks for patience; who has none is counted as well
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
    case 'polled':
      return answer(deps, {
        key,
        polled,
        request: requestOf(deps, { ...context, jkt, key, polled, ownStatement }),
        signal: context.signal,
      });
  }
}

function readCode({ params }: TokenContext): TokenKey {
  const code = params.get('deferral_code');
  if (code === undefined) throw invalidRequest('deferral_code is missing.');
  // what is asked for was said when it was deferred, and is never changed on the way
  const other = ['subject_token', 'resource', 'audience', 'scope', 'cnf', 'req_cnf', 'jkt', 'act', 'grant_id'];
  const found = other.find((name) => params.has(name));
  if (found !== undefined) throw invalidRequest(`${found} is not a parameter of this request.`);
  const parsed = parseToken(code);
  if (parsed?.kind !== 'dc') throw badCode();
  return { bucket: parsed.bucket, hash: hashToken(code) };
}

/** The request as it was made then, with what the Requester says of its key now. */
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

/** Everything is decided anew: what the owner changed since then counts. A refusal ends the deferral. */
async function answer(
  deps: TransferDeps,
  input: { key: TokenKey; polled: Polled; request: TransferRequest; signal: AbortSignal },
): Promise<TransferResponse> {
  const { key, polled, request, signal } = input;
  const isToBeAsked = async (): Promise<boolean> =>
    decide(await readSnapshot(deps.pool, request), request).kind === 'ask';
  let attemptId: string | null = null;
  try {
    const unanswered = await isToBeAsked();
    if (unanswered && polled.askState === 'open') throw pending(polled);
    const own = randomId('try');
    if (!(await attemptDeferral(deps.pool, key, own))) throw pending(polled);
    attemptId = own;
    // looked at once more: what they approved may have been in the hands of another poll until now
    if (unanswered && (await isToBeAsked())) throw answered(polled);
    return await attempt(deps, { key, attemptId, request, signal });
  } catch (error) {
    if (isFinal(error)) await endDeferral(deps.pool, key, attemptId);
    else if (attemptId !== null) await releaseDeferral(deps.pool, key, attemptId);
    throw error instanceof OAuthError && error.code === 'invalid_request' ? badCode(error.cause) : error;
  }
}

/** The transfer. Its guards were burned by the poll; its token is handed out to the one poll that ends the deferral. */
async function attempt(
  deps: TransferDeps,
  input: { key: TokenKey; attemptId: string; request: TransferRequest; signal: AbortSignal },
): Promise<TransferResponse> {
  const { key, attemptId, request, signal } = input;
  const minted = await obtain(deps, { request, guards: new Guards(), quota: 'counted', signal });
  if (signal.aborted) {
    await withhold(deps, minted);
    throw unfinished();
  }
  if (!(await succeedDeferral(deps.pool, key, attemptId))) {
    await withhold(deps, minted);
    throw badCode('another poll was faster');
  }
  return (await handOut(deps, [minted]))(minted);
}

/** The owner was asked and would have to be asked again: they did not want to, or their approval is gone. */
function answered({ askState }: Polled): OAuthError {
  return askState === 'closed'
    ? accessDenied('The owner did not allow it.', { extras: { denied_by: 'am', requestable: true } })
    : expired();
}

/** Whether polling again is of no use. */
const isFinal = (error: unknown): boolean =>
  error instanceof OAuthError && error.status === 400 && error.code !== 'authorization_pending';

const pending = ({ expiresIn }: Polled): OAuthError =>
  authorizationPending('The owner has not answered yet.', {
    extras: { expires_in: expiresIn, interval: LIFETIME.pollInterval },
  });
const expired = (): OAuthError => expiredToken('The deferral_code is no longer good; ask anew.');
const badCode = (cause?: unknown): OAuthError => invalidGrant('The deferral_code is not acceptable.', { cause });
