import { randomId } from '@chatelaine/crypto';
import { type Guards, refuseReplay } from '@chatelaine/oauth-server';
import {
  accessDenied,
  BAD_TARGET_TEXT,
  BAD_TOKEN_TEXT,
  interactionRequired,
  invalidDpopProof,
  invalidRequest,
  invalidScope,
  invalidTarget,
  type OAuthError,
  serverError,
  temporarilyUnavailable,
  type TransferResponse,
} from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import { askOwner } from './ask-owner.ts';
import { type CallDeps, callHost, type Hop, type HostAnswer } from './call-host.ts';
import { findOddity } from './check-answer.ts';
import { abandonTransfer, closeTransfer } from './close-store.ts';
import { type Decision, decide, type Snapshot } from './decide.ts';
import type { TransferRequest } from './request.ts';
import { handOut, type Minted } from './hand-out.ts';
import { beginTransfer, type Intent, readSnapshot } from './store.ts';

export type TransferDeps = CallDeps &
  Pick<Deps, 'failpoint' | 'observe'> & {
    /** Brings new revocations to the Hosts' attention. */
    readonly announceRevocations: () => Promise<void>;
  };

/** Why a request without a proof was refused, for whoever tells its client in other words. */
export const NO_KEY = 'no key, and none may be left out';

/** How often a decision is made anew because the owner changed something between reading and beginning. */
const DECISIONS = 3;

export interface TransferInput {
  readonly request: TransferRequest;
  readonly guards: Guards;
  /** Fires when nobody waits for the answer any more: nothing begins then, and what is under way ends. */
  readonly signal?: AbortSignal;
}

/**
 * One transfer: read, decide, write the intent, call the Host, check its answer, read revocation again, answer. Throws OAuthErrors of
 * PROTOCOL §3.8. No database connection is held while the Host is called.
 */
export async function transfer(deps: TransferDeps, input: TransferInput): Promise<TransferResponse> {
  const minted = await obtain(deps, input);
  const answerTo = await handOut(deps, [minted]);
  return answerTo(minted);
}

/** A transfer up to the Host's answer. Whoever takes it hands it out, or withholds it. */
export function obtain(deps: TransferDeps, input: TransferInput): Promise<Minted> {
  return deps.observe.transfer(() => obtainOne(deps, input));
}

async function obtainOne(deps: TransferDeps, input: TransferInput): Promise<Minted> {
  const { request, signal } = input;
  const { hop, intent } = await begin(deps, input);
  await deps.failpoint('transfer.begun');
  const answer = await closeOnThrow(deps, intent, () => callHost(deps, hop, signal));
  if (answer.kind !== 'answer') return giveUp(deps, { hop, intent, answer });
  await deps.failpoint('transfer.answered');
  const oddity = findOddity(answer.response, { request, target: hop.target });
  if (oddity !== null) {
    return giveUp(deps, { hop, intent, answer: { kind: 'unusable', reason: `odd ${oddity}`, minted: true } });
  }
  return { intent, response: answer.response };
}

/** Decides and writes the intent; decides again while the owner is changing things. */
async function begin(
  deps: TransferDeps,
  { request, guards, signal }: TransferInput,
): Promise<{ hop: Hop; intent: Intent }> {
  // the guards are burned by the first begin, whatever comes of it; later rounds have none left
  for (let round = 0; round < DECISIONS; round++) {
    const snapshot = await readSnapshot(deps.pool, request);
    const decision = decide(snapshot, request);
    if (decision.kind !== 'allow' || snapshot === null) throw await refusal(deps, { decision, snapshot, request });
    if (signal?.aborted === true) throw failure({ kind: 'gone' });
    const hop = { request, snapshot, target: decision.target };
    const intent = intentOf(hop, decision.askId);
    const begun = await beginTransfer(deps.pool, { intent, guards: guards.take() });
    if (begun.kind === 'replayed') refuseReplay(begun);
    if (begun.kind === 'begun') return { hop, intent };
  }
  throw temporarilyUnavailable('The owner is changing what this connection may do; try again.', { retryAfter: 1 });
}

function intentOf({ request, snapshot, target }: Hop, askId: string | null): Intent {
  return {
    id: randomId('tr'),
    bucket: snapshot.bucket,
    ownerId: snapshot.ownerId,
    connectionId: snapshot.connectionId,
    linkId: target.linkId,
    hostId: target.hostId,
    clientId: request.clientId,
    resource: request.resource,
    scopes: request.scopes,
    jkt: request.binding.kind === 'key' ? request.binding.jkt : null,
    policyVersion: snapshot.policyVersion,
    askId,
  };
}

/** The answer to a decision that is not "allow". */
async function refusal(
  deps: TransferDeps,
  input: { decision: Decision; snapshot: Snapshot | null; request: TransferRequest },
): Promise<OAuthError> {
  const { decision, snapshot, request } = input;
  switch (decision.kind) {
    case 'bad_token':
      if (decision.reason !== 'unknown')
        deps.log.warn(
          {
            event: 'foreign_token',
            reason: decision.reason,
            clientId: request.clientId,
            connectionId: snapshot?.connectionId,
          },
          'connection token refused',
        );
      return invalidRequest(BAD_TOKEN_TEXT, { cause: decision.reason });
    case 'bad_target':
      return invalidTarget(BAD_TARGET_TEXT);
    case 'key_needed':
      return invalidDpopProof('Tokens are bound to a key here: send a DPoP proof.', { cause: NO_KEY });
    case 'bad_scope':
      return badScope();
    case 'deny':
      return accessDenied("The owner's rules deny this.", { extras: { denied_by: 'am', requestable: false } });
    case 'ask':
      if (snapshot === null) throw new Error('an ask without a snapshot');
      // PROTOCOL §6: who has never heard of questions gets none put; it brings the owner here itself
      if (request.subject.kind === 'grant') return interactionRequired('The owner has to be asked.');
      return askOwner(deps, { request, snapshot, target: decision.target });
    case 'allow':
      throw new Error('an allowed transfer has no refusal');
  }
}

/** Closes the intent of a transfer that came to nothing, and says so to the Requester. */
async function giveUp(
  deps: TransferDeps,
  { hop, intent, answer }: { hop: Hop; intent: Intent; answer: Exclude<HostAnswer, { kind: 'answer' }> },
): Promise<never> {
  if (answer.kind === 'unusable') await discard(deps, { hop, intent, answer });
  else
    await closeTransfer(deps.pool, intent, {
      state: REFUSALS.has(answer.kind) ? 'refused' : 'failed',
      error: answer.kind,
    });
  throw failure(answer);
}

function failure(answer: Exclude<HostAnswer, { kind: 'answer' }>): OAuthError {
  switch (answer.kind) {
    case 'broken':
    case 'bad_target':
      return invalidTarget(BAD_TARGET_TEXT, { cause: answer.kind });
    case 'bad_scope':
      return badScope();
    case 'denied':
      return accessDenied('The Host denies this.', { extras: { denied_by: 'host', requestable: answer.requestable } });
    case 'gone':
      return unfinished();
    case 'timeout':
      return temporarilyUnavailable('The Host did not answer in time.', { status: 504, retryAfter: 5 });
    case 'busy':
      return temporarilyUnavailable('The Host cannot answer right now.', { retryAfter: answer.retryAfter });
    case 'unusable':
      return serverError("The Host's answer could not be used.", { cause: answer.reason });
  }
}

const REFUSALS: ReadonlySet<string> = new Set(['denied', 'bad_scope', 'bad_target', 'broken']);

/** Nothing of the answer is passed on. Whatever the Host minted is given back: its grant is given up, and the Host is told so. PROTOCOL §3.5. */
async function discard(
  deps: TransferDeps,
  { hop, intent, answer }: { hop: Hop; intent: Intent; answer: Extract<HostAnswer, { kind: 'unusable' }> },
): Promise<void> {
  const { reason, minted } = answer;
  const { hostId, grantId } = hop.target;
  deps.log.warn({ event: 'host_unusable', hostId, transferId: intent.id, reason }, 'Host answer not relayed');
  if (!minted) return closeTransfer(deps.pool, intent, { state: 'failed', error: reason });
  const fresh = { freshGrantId: randomId(), revocationId: randomId('rev') };
  await abandonTransfer(deps.pool, intent, { error: reason, grantId, ...fresh });
  await deps.announceRevocations();
}

/** A mistake of ours between intent and answer must not leave the intent open. */
async function closeOnThrow<T>(deps: TransferDeps, intent: Intent, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    await closeTransfer(deps.pool, intent, { state: 'failed', error: 'internal' });
    throw error;
  }
}

/** The answer to what was not begun, or not finished, while somebody waited for it. */
export const unfinished = (): OAuthError =>
  temporarilyUnavailable('There was no time left for this.', { status: 504, retryAfter: 1 });

const badScope = (): OAuthError => invalidScope('The scope goes beyond what this connection may ask for at that Host.');
