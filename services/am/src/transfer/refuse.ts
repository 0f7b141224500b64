import type { Guards } from '@chatelaine/oauth-server';
import { coversScope } from '@chatelaine/protocol';
import { currentRequestId } from '@chatelaine/telemetry';
import type { Deps } from '../deps.ts';
import { askOwner, type AskOwnerDeps } from './ask-owner.ts';
import { decidedBy, type Decision, type Snapshot } from './decide.ts';
import type { Refusal } from './outcome.ts';
import { keepRefusal, type RefusedHere } from './refusal-store.ts';
import type { TransferRequest } from './request.ts';

export type RefuseDeps = AskOwnerDeps & Pick<Deps, 'log' | 'clock'>;

interface Refused {
  readonly decision: Decision;
  readonly snapshot: Snapshot | null;
  readonly request: TransferRequest;
}

/**
 * Carries out a decision other than "allow": asks the owner, or refuses the Requester. A refusal is recorded for the
 * owner if the Requester has shown that the connection is its own.
 */
export async function refuse(deps: RefuseDeps, { guards, ...refused }: Refused & { guards: Guards }): Promise<Refusal> {
  const refusal = await refusalOf(deps, refused);
  const { snapshot, request, decision } = refused;
  const reason = snapshot === null ? null : reasonOf(refusal, snapshot, request);
  if (snapshot === null || reason === null) return refusal;
  const { ruleIds } = decidedBy(decision);
  const requestId = currentRequestId();
  const kept = { request, snapshot, reason, ruleIds, guards: guards.take(), requestId };
  const replayed = await keepRefusal(deps, kept);
  if (replayed !== null) return replayed;
  // who waits has a code to ask with
  return requestId === null || refusal.kind === 'deferred' ? refusal : { ...refusal, requestId };
}

async function refusalOf(deps: RefuseDeps, { decision, snapshot, request }: Refused): Promise<Refusal> {
  if (decision.kind === 'allow') throw new Error('an allowed transfer is not refused');
  if (decision.kind === 'bad_token' && decision.reason !== 'unknown') {
    const { clientId } = request;
    const fields = { event: 'foreign_token', reason: decision.reason, clientId, connectionId: snapshot?.connectionId };
    deps.log.warn(fields, 'connection token refused');
  }
  if (decision.kind !== 'ask') return decision;
  if (snapshot === null) throw new Error('an ask without a snapshot');
  return askOwner(deps, { request, snapshot, target: decision.target });
}

/** Null: not recorded, because the caller may not be the Requester, or because it is waiting and polls by itself. */
function reasonOf(refusal: Refusal, { target }: Snapshot, { scopes, completion }: TransferRequest): RefusedHere | null {
  switch (refusal.kind) {
    case 'deny':
      return 'rule';
    case 'paused':
      return completion === 'poll' ? null : 'paused';
    case 'interaction_required':
    case 'deferred':
      return 'asked';
    case 'allowed_fewer':
      return 'allowed_part';
    case 'too_many_questions':
      return 'too_many_questions';
    case 'terms_required':
      return completion === 'poll' ? null : 'terms_open';
    case 'no_terms':
      return 'terms_refused';
    case 'bad_scope':
      return target !== null && coversScope(target.shown, scopes) ? 'beyond_ceiling' : 'not_chosen';
    case 'bad_target':
      return 'not_shown';
    case 'host_behind':
      return 'host_behind';
    default:
      return null;
  }
}
