import { randomId } from '@chatelaine/crypto';
import {
  accessDenied,
  BAD_TARGET_TEXT,
  BAD_TOKEN_TEXT,
  invalidRequest,
  invalidScope,
  invalidTarget,
  type OAuthError,
  serverError,
  temporarilyUnavailable,
} from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import type { Hop, HostAnswer } from './call-host.ts';
import { abandonTransfer, closeTransfer } from './close-store.ts';
import type { Doubt } from './doubt.ts';
import { wasStopped } from './stopped-store.ts';
import type { Intent } from './store.ts';

/** A transfer whose intent is open. */
export interface Begun {
  readonly hop: Hop;
  readonly intent: Intent;
  readonly doubt: Doubt;
}

export type GiveUpDeps = Pick<Deps, 'pool' | 'log'> & {
  /** Has Hosts told of new revocations at once. */
  readonly announceRevocations: () => void;
};

/** When to come back where nobody said so. */
const RETRY_SECONDS = 5;
/** It is not this service that is down. */
const AT_HOST = { unavailable: 'host' } as const;

type Failed = Exclude<HostAnswer, { kind: 'answer' }>;

/**
 * Closes the intent of a transfer that came to nothing, and says so to the Requester. What may only be a Host's way of saying that it was told of an end
 * before the AM looked is told as that end. PROTOCOL §3.8.
 */
export async function giveUp(deps: GiveUpDeps, begun: Begun, answer: Failed): Promise<never> {
  const told = MAY_BE_STOPPED.has(answer.kind) && (await wasStopped(deps.pool, begun.intent));
  const nothingMinted = answer.kind !== 'unusable' || !answer.minted;
  if (told && nothingMinted) return giveUp(deps, begun, { kind: 'stopped' });
  if (answer.kind === 'unreachable') {
    const { hostId } = begun.hop.target;
    deps.log.warn(
      { event: 'host_unreachable', hostId, transferId: begun.intent.id, reason: answer.reason },
      'no answer',
    );
  }
  await close(deps, begun, answer);
  throw failure(told ? { kind: 'stopped' } : answer);
}

const MAY_BE_STOPPED: ReadonlySet<string> = new Set(['unusable', 'broken', 'bad_target']);

async function close(deps: GiveUpDeps, { hop, intent, doubt }: Begun, answer: Failed): Promise<void> {
  if (answer.kind === 'unusable') await discard(deps, { hop, intent, doubt }, answer);
  else if (answer.kind === 'stopped')
    await closeTransfer(deps.pool, intent, { state: 'withheld', error: 'stopped', approval: approvalAfter(doubt) });
  else if (REFUSALS.has(answer.kind))
    await closeTransfer(deps.pool, intent, { state: 'refused', error: answer.kind, approval: 'used' });
  else await closeTransfer(deps.pool, intent, { state: 'failed', error: answer.kind, approval: approvalAfter(doubt) });
}

function failure(answer: Failed): OAuthError {
  switch (answer.kind) {
    case 'stopped':
      return invalidRequest(BAD_TOKEN_TEXT, { cause: 'stopped in flight' });
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
      return temporarilyUnavailable('The Host did not answer in time.', { status: 504, retryAfter: RETRY_SECONDS });
    case 'busy':
      return temporarilyUnavailable('The Host cannot answer right now.', {
        retryAfter: answer.retryAfter,
        extras: AT_HOST,
      });
    case 'unreachable':
      // not 502: stock clients take server_error for a reason to bring the owner here again
      return temporarilyUnavailable('The Host could not be reached.', {
        retryAfter: RETRY_SECONDS,
        extras: AT_HOST,
        cause: answer.reason,
      });
    case 'unopened':
      return temporarilyUnavailable('The link to the Host cannot be used right now; this is a fault of this service.', {
        retryAfter: RETRY_SECONDS,
        cause: 'a stored secret does not open',
      });
    case 'unusable':
      return serverError("The Host's answer could not be used.", { cause: answer.reason });
  }
}

/** PROTOCOL §3.7: one yes, one token. */
const approvalAfter = (doubt: Doubt): 'used' | 'given back' => (doubt.minted ? 'used' : 'given back');

const REFUSALS: ReadonlySet<string> = new Set(['denied', 'bad_scope', 'bad_target', 'broken']);

/** Nothing of the answer is passed on. Whatever the Host minted is given back: its grant is given up, and the Host is told so. PROTOCOL §3.5. */
async function discard(
  deps: GiveUpDeps,
  { hop, intent, doubt }: Begun,
  { reason, minted }: Extract<Failed, { kind: 'unusable' }>,
): Promise<void> {
  const { hostId, grantId } = hop.target;
  deps.log.warn({ event: 'host_unusable', hostId, transferId: intent.id, reason }, 'Host answer not relayed');
  if (!minted)
    return closeTransfer(deps.pool, intent, { state: 'failed', error: reason, approval: approvalAfter(doubt) });
  await abandonTransfer(deps.pool, intent, { error: reason, grantId, freshGrantId: randomId() });
  deps.announceRevocations();
}

/** A mistake of ours between intent and answer must not leave the intent open. */
export async function closeOnThrow<T>(deps: GiveUpDeps, { intent, doubt }: Begun, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    await closeTransfer(deps.pool, intent, { state: 'failed', error: 'internal', approval: approvalAfter(doubt) });
    throw error;
  }
}

/** The answer to what was not begun, or not finished, while somebody waited for it. */
export const unfinished = (): OAuthError =>
  temporarilyUnavailable('There was no time left for this.', { status: 504, retryAfter: 1 });

export const badScope = (): OAuthError =>
  invalidScope('The scope goes beyond what this connection may ask for at that Host.');
