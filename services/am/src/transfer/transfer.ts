import type { HopContext } from '@chatelaine/oauth-client';
import type { Guards } from '@chatelaine/oauth-server';
import { OAuthError } from '@chatelaine/protocol';
import { waitOnOthers } from '@chatelaine/service-kit';
import type { Deps } from '../deps.ts';
import { askHost, type AskHostDeps, type HostAnswer } from './ask-host.ts';
import { type Begun, beginTransfer } from './begin-store.ts';
import { findFault } from './check-answer.ts';
import { type CloseDeps, closeInternal, closeUnanswered, withhold } from './close.ts';
import { complete } from './complete-store.ts';
import { type Decision, decide } from './decide.ts';
import type { Minted, Refusal, TransferOutcome } from './outcome.ts';
import { refuse } from './refuse.ts';
import type { TransferRequest } from './request.ts';
import { readSnapshot } from './snapshot-store.ts';
import { toOAuthError } from './to-oauth-error.ts';

export type QuotaDeps = Pick<Deps, 'config' | 'allowances'>;
export type TransferDeps = AskHostDeps &
  CloseDeps &
  QuotaDeps &
  Pick<Deps, 'failpoint' | 'observe' | 'monotonic' | 'live'>;

export interface TransferInput {
  readonly request: TransferRequest;
  readonly guards: Guards;
  /** Whether this transfer is counted as it begins, or the caller has counted it. */
  readonly quota: 'to be counted' | 'counted';
  /** Fires when nobody waits for the answer any more: nothing begins after that, and what is in progress is aborted. */
  readonly signal?: AbortSignal;
}

/**
 * One transfer, from the request to the relayed token. No database connection is held during the call to the Host.
 * PROTOCOL §3.
 */
export async function transfer(deps: TransferDeps, input: TransferInput): Promise<TransferOutcome> {
  const minted = await mint(deps, input);
  if (minted.kind !== 'minted') return minted;
  if (input.signal?.aborted === true) return withhold(deps, minted);
  const outcomeOf = await complete(deps, [minted]);
  return outcomeOf(minted);
}

/** A transfer up to the Host's answer. The caller completes a minted token, or withholds it. */
export async function mint(deps: TransferDeps, input: TransferInput): Promise<Minted | Refusal> {
  const observed = deps.observe.transfer();
  let outcome = 'internal';
  try {
    const begun = await begin(deps, input);
    const minted = begun.kind === 'begun' ? await askFor(deps, begun, input.signal) : begun;
    outcome = minted.kind === 'minted' ? 'minted' : labelOf(toOAuthError(minted));
    return minted;
  } catch (error) {
    if (error instanceof OAuthError) outcome = labelOf(error);
    throw error;
  } finally {
    observed({ outcome });
  }
}

/** How often to decide again because the owner changed something between reading and beginning. */
const DECISIONS = 3;

/** Reads, decides, admits and writes the intent; decides again if the owner has changed something. */
async function begin(deps: TransferDeps, input: TransferInput): Promise<Begun | Refusal> {
  const { request, guards, signal } = input;
  let giveBack: (() => void) | null = null;
  for (let round = 0; round < DECISIONS; round++) {
    const snapshot = await readSnapshot(deps.pool, request);
    const decision = decide(snapshot, request);
    if (input.quota === 'to be counted' && snapshot !== null && !NOT_ITS_OWN.has(decision.kind))
      giveBack ??= await takeQuota(deps, snapshot);
    if (decision.kind !== 'allow' || snapshot === null) return refuse(deps, { decision, snapshot, request, guards });
    if (signal?.aborted === true) return { kind: 'gone' };
    // before anything is written or spent: there may be no room
    waitOnOthers({ requester: request.clientId, owner: snapshot.ownerId });
    // the first round spends the guards, whatever its outcome; later ones have none left
    const begun = await beginTransfer(deps, { decision, request, snapshot, guards: guards.take() });
    // somebody who replays an intercepted request must not use up the Requester's limits
    if (begun.kind === 'replayed') giveBack?.();
    if (begun.kind !== 'changed') return begun;
  }
  return { kind: 'changing' };
}

/** Asks the Host, and checks its answer. */
async function askFor(deps: TransferDeps, begun: Begun, signal: AbortSignal | undefined): Promise<Minted | Refusal> {
  await deps.failpoint('transfer.begun');
  const { hopSeconds } = deps.config.limits.hostCalls;
  const hop: HopContext = { deadline: performance.now() + hopSeconds * 1000, signal, sent: false };
  let answer: HostAnswer;
  try {
    answer = await askHost(deps, begun, hop);
  } catch (error) {
    await closeInternal(deps, begun, hop);
    throw error;
  }
  if (answer.kind !== 'answer') return closeUnanswered(deps, begun, hop, answer);
  await deps.failpoint('transfer.answered');
  const fault = findFault(answer.response, begun);
  if (fault === null) return { kind: 'minted', intent: begun.intent, response: answer.response };
  return closeUnanswered(deps, begun, hop, { kind: 'unusable', reason: `odd ${fault}`, minted: true });
}

/** The caller has not shown that the connection is its own. */
const NOT_ITS_OWN: ReadonlySet<Decision['kind']> = new Set(['bad_token', 'key_needed']);

const labelOf = ({ status, code }: OAuthError): string => (status === 504 ? 'timeout' : code);

/**
 * Counts transfers, single or in a batch call, against the limits of a connection and its Requester per minute, over
 * all processes. Throws 429 with `Retry-After`. The returned function takes the count back. PROTOCOL §5.
 */
export function takeQuota(
  { config, allowances }: QuotaDeps,
  { connectionId, clientId, items = 1 }: { connectionId: string; clientId: string; items?: number },
): Promise<() => void> {
  const { perConnection, perRequester } = config.limits.transfers;
  const counted = [
    { limit: perConnection, key: connectionId },
    { limit: perRequester, key: clientId },
  ];
  return allowances.takeAll(counted, items);
}
