import { timeId } from '@chatelaine/crypto';
import { type Guards, refuseReplay } from '@chatelaine/oauth-server';
import {
  accessDenied,
  BAD_TARGET_TEXT,
  BAD_TOKEN_TEXT,
  interactionRequired,
  invalidDpopProof,
  invalidRequest,
  invalidTarget,
  type OAuthError,
  temporarilyUnavailable,
  type TransferResponse,
} from '@chatelaine/protocol';
import { waitOnOthers } from '@chatelaine/service-kit';
import type { Deps } from '../deps.ts';
import { askOwner } from './ask-owner.ts';
import { type CallDeps, callHost, type Hop } from './call-host.ts';
import { findOddity } from './check-answer.ts';
import { type Decision, decide, type Snapshot } from './decide.ts';
import type { TransferRequest } from './request.ts';
import { badScope, closeOnThrow, giveUp, type GiveUpDeps, unfinished } from './give-up.ts';
import { handOut, type Minted, withhold } from './hand-out.ts';
import { type QuotaDeps, takeQuota } from './quota.ts';
import { beginTransfer, type Intent, readSnapshot } from './store.ts';

export type TransferDeps = CallDeps & GiveUpDeps & QuotaDeps & Pick<Deps, 'failpoint' | 'observe' | 'monotonic'>;

/** Why a request without a proof was refused, for whoever tells its client in other words. */
export const NO_KEY = 'no key, and none may be left out';

/** How often a decision is made anew because the owner changed something between reading and beginning. */
const DECISIONS = 3;

export interface TransferInput {
  readonly request: TransferRequest;
  readonly guards: Guards;
  /** Whether it is counted as it begins, or whoever asked has counted it. */
  readonly quota: 'to be counted' | 'counted';
  /** Fires when nobody waits for the answer any more: nothing begins then, and what is under way ends. */
  readonly signal?: AbortSignal;
}

/**
 * One transfer: read, decide, write the intent, call the Host, check its answer, read revocation again, answer. Throws OAuthErrors of
 * PROTOCOL §3.8. No database connection is held while the Host is called.
 */
export async function transfer(deps: TransferDeps, input: TransferInput): Promise<TransferResponse> {
  const minted = await obtain(deps, input);
  if (input.signal?.aborted === true) {
    await withhold(deps, minted);
    throw unfinished();
  }
  const answerTo = await handOut(deps, [minted]);
  return answerTo(minted);
}

/** A transfer up to the Host's answer. Whoever takes it hands it out, or withholds it. */
export function obtain(deps: TransferDeps, input: TransferInput): Promise<Minted> {
  return deps.observe.transfer(() => obtainOne(deps, input));
}

async function obtainOne(deps: TransferDeps, input: TransferInput): Promise<Minted> {
  const { request, signal } = input;
  const begun = { ...(await begin(deps, input)), doubt: { minted: false } };
  const { hop, intent, doubt } = begun;
  await deps.failpoint('transfer.begun');
  const answer = await closeOnThrow(deps, begun, () => callHost(deps, hop, { gone: signal, doubt }));
  if (answer.kind !== 'answer') return giveUp(deps, begun, answer);
  await deps.failpoint('transfer.answered');
  const oddity = findOddity(answer.response, { request, target: hop.target });
  if (oddity !== null) return giveUp(deps, begun, { kind: 'unusable', reason: `odd ${oddity}`, minted: true });
  return { intent, response: answer.response };
}

/** Decides and writes the intent; decides again while the owner is changing things. */
async function begin(
  deps: TransferDeps,
  { request, guards, quota, signal }: TransferInput,
): Promise<{ hop: Hop; intent: Intent }> {
  let giveBack: (() => void) | null = null;
  // the guards are burned by the first begin, whatever comes of it; later rounds have none left
  for (let round = 0; round < DECISIONS; round++) {
    const snapshot = await readSnapshot(deps.pool, request);
    const decision = decide(snapshot, request);
    if (quota === 'to be counted' && snapshot !== null && !NOT_ITS_OWN.has(decision.kind))
      giveBack ??= await takeQuota(deps, snapshot);
    if (decision.kind !== 'allow' || snapshot === null) throw await refusal(deps, { decision, snapshot, request });
    if (signal?.aborted === true) throw unfinished();
    // before anything is written or spent: there may be no room
    waitOnOthers({ requester: request.clientId, owner: snapshot.ownerId });
    const hop = { request, snapshot, target: decision.target };
    const intent = intentOf(deps, hop, decision.askId);
    const begun = await beginTransfer(deps.pool, { intent, guards: guards.take() });
    if (begun.kind === 'replayed') {
      // who hears a request and sends it again must not use up what its Requester may ask for
      giveBack?.();
      refuseReplay(begun);
    }
    if (begun.kind === 'begun') return { hop, intent };
  }
  throw temporarilyUnavailable('The owner is changing what this connection may do; try again.', { retryAfter: 1 });
}

/** Whoever asks has not shown that the connection is its own. */
const NOT_ITS_OWN: ReadonlySet<Decision['kind']> = new Set(['bad_token', 'key_needed']);

function intentOf({ clock }: Pick<Deps, 'clock'>, { request, snapshot, target }: Hop, askId: string | null): Intent {
  return {
    id: timeId('tr', clock.now()),
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
    case 'host_behind':
      return temporarilyUnavailable('The Host has yet to confirm that earlier grants have ended.', { retryAfter: 30 });
    case 'allow':
      throw new Error('an allowed transfer has no refusal');
  }
}
