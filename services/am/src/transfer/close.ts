import { randomId } from '@chatelaine/crypto';
import type { HopContext } from '@chatelaine/oauth-client';
import { currentRequestId } from '@chatelaine/telemetry';
import type { Deps } from '../deps.ts';
import type { Begun } from './begin-store.ts';
import { abandonTransfer, closeTransfer } from './close-store.ts';
import type { Minted, Refusal, Unanswered } from './outcome.ts';
import { wasInterrupted } from './interrupted-store.ts';

export type CloseDeps = Pick<Deps, 'pool' | 'log'> & {
  /** Makes new revocations go out to Hosts at once. */
  readonly announceRevocations: () => void;
};

/**
 * Closes the intent of a transfer without a token, and returns its outcome. A Host's refusal that may only mean that it
 * was told of an end first counts as that end. PROTOCOL §3.8.
 */
export async function closeUnanswered(
  deps: CloseDeps,
  begun: Begun,
  hop: HopContext,
  answer: Unanswered,
): Promise<Refusal> {
  const { intent } = begun;
  const interrupted = MAY_BE_INTERRUPTED.has(answer.kind) ? await wasInterrupted(deps.pool, intent) : null;
  const isMinted = answer.kind === 'unusable' && answer.minted;
  const closed = interrupted !== null && !isMinted ? interrupted : answer;
  if (answer.kind === 'unreachable') {
    const fields = { event: 'host_unreachable', hostId: intent.hostId, transferId: intent.id, reason: answer.reason };
    deps.log.warn(fields, 'no answer');
  }
  await close(deps, begun, hop, closed);
  const told = interrupted ?? answer;
  const requestId = currentRequestId();
  // whoever was stopped has no token to ask why with
  return requestId === null || told.kind === 'stopped' ? told : { ...told, requestId };
}

const MAY_BE_INTERRUPTED: ReadonlySet<string> = new Set(['unusable', 'broken', 'bad_target']);
const REFUSALS: ReadonlySet<string> = new Set(['denied', 'bad_scope', 'bad_target', 'broken']);

async function close(deps: CloseDeps, begun: Begun, hop: HopContext, answer: Unanswered): Promise<void> {
  const { intent } = begun;
  const approval = approvalAfter(hop);
  if (answer.kind === 'unusable') await discard(deps, begun, hop, answer);
  else if (answer.kind === 'stopped' || answer.kind === 'paused')
    await closeTransfer(deps.pool, intent, { state: 'withheld', error: answer.kind, approval });
  else if (REFUSALS.has(answer.kind))
    await closeTransfer(deps.pool, intent, { state: 'refused', error: answer.kind, approval: 'used' });
  else await closeTransfer(deps.pool, intent, { state: 'failed', error: answer.kind, approval });
}

/** PROTOCOL §3.7: one yes, one token. */
const approvalAfter = ({ sent }: HopContext): 'used' | 'given back' => (sent ? 'used' : 'given back');

/**
 * Nothing of the answer is passed on. Whatever the Host minted is revoked: its grant is given up, and the Host is told
 * so. PROTOCOL §3.5.
 */
async function discard(
  deps: CloseDeps,
  { intent, target }: Begun,
  hop: HopContext,
  { reason, minted }: Extract<Unanswered, { kind: 'unusable' }>,
): Promise<void> {
  const fields = { event: 'host_unusable', hostId: intent.hostId, transferId: intent.id, reason };
  deps.log.warn(fields, 'Host answer not relayed');
  if (!minted)
    return closeTransfer(deps.pool, intent, { state: 'failed', error: reason, approval: approvalAfter(hop) });
  await abandonTransfer(deps.pool, intent, { error: reason, grantId: target.grantId, freshGrantId: randomId() });
  deps.announceRevocations();
}

/** A bug of ours between intent and answer must not leave the intent open. */
export async function closeInternal({ pool }: Pick<Deps, 'pool'>, { intent }: Begun, hop: HopContext): Promise<void> {
  await closeTransfer(pool, intent, { state: 'failed', error: 'internal', approval: approvalAfter(hop) });
}

/** The caller is gone: the token is not handed out, and expires in minutes. */
export async function withhold({ pool }: Pick<Deps, 'pool'>, { intent }: Minted): Promise<Refusal> {
  await closeTransfer(pool, intent, { state: 'withheld', error: 'gone', approval: 'used' });
  return { kind: 'gone' };
}
