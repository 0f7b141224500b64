import { Guards } from '@chatelaine/oauth-server';
import { isDatabaseUnavailable } from '@chatelaine/postgres';
import {
  OAuthError,
  serverError,
  temporarilyUnavailable,
  type TransferAnswer,
  type TransferItem,
  type TransferResponse,
  type TransfersRequest,
} from '@chatelaine/protocol';
import type { ConcurrencyLimit } from '../../links/concurrency-limit.ts';
import { withhold } from '../close.ts';
import { complete } from '../complete-store.ts';
import type { Caller } from './admit.ts';
import { hopParams } from './request.ts';
import { readTransferRequest } from '../exchange-grant.ts';
import type { Minted } from '../outcome.ts';
import { toOAuthError } from '../to-oauth-error.ts';
import { mint, type TransferDeps } from '../transfer.ts';

export type BatchDeps = TransferDeps & {
  /** Limits transfers, in turns. */
  readonly transfers: ConcurrencyLimit;
};

export interface BatchCall {
  /** Identifies this call among others in this process. */
  readonly id: string;
  readonly caller: Caller;
  readonly body: TransfersRequest;
  /** Fires when the time is up or the caller is gone: nothing begins after that, and what is in progress is aborted. */
  readonly signal: AbortSignal;
  /** No transfer begins while this says no. */
  readonly open?: () => boolean;
}

/** The outcome of one item before the caller has it: an error, or a token that nobody holds yet. */
export interface Outcome {
  readonly item: TransferItem;
  readonly result: Minted | OAuthError;
}

/** Runs one item up to its Host's answer, when its turn comes. Never throws. */
export async function runItem(deps: BatchDeps, call: BatchCall, item: TransferItem): Promise<Outcome> {
  try {
    const leave = await deps.transfers.enter(ticketFor(deps, call, item));
    try {
      const minted = await mint(deps, requestFor(deps, call, item));
      return { item, result: minted.kind === 'minted' ? minted : toOAuthError(minted) };
    } finally {
      leave();
    }
  } catch (error) {
    return { item, result: errorOfItem(deps, call, error) };
  }
}

function ticketFor(
  { config }: BatchDeps,
  call: BatchCall,
  item: TransferItem,
): Parameters<ConcurrencyLimit['enter']>[0] {
  const { ofRequester, ofCall, atHost } = config.limits.batch.transfers;
  const { client, connectionId } = call.caller;
  // not looked up, so that a resource that belongs to nobody is treated like any other
  const host = URL.canParse(item.resource) ? new URL(item.resource).origin : '';
  const share = (name: string, atOnce: number) => ({ name, atOnce, waiting: Infinity });
  return {
    path: [client.id, connectionId, call.id, host],
    shares: [
      share(`requester ${client.id}`, ofRequester),
      share(`call ${call.id}`, ofCall),
      share(`host ${host}`, atHost),
    ],
    signal: call.signal,
    ...(call.open && { open: call.open }),
  };
}

function requestFor({ config }: BatchDeps, { caller, body, signal }: BatchCall, item: TransferItem) {
  const { client, jkt, accessToken } = caller;
  const params = hopParams(body, { item, accessToken });
  // the call's proofs are spent: an item has none of its own
  return {
    request: readTransferRequest(config.schemes, { client, jkt, params }),
    guards: new Guards(),
    quota: 'counted' as const,
    signal,
  };
}

/**
 * The answers to finished items. Minted tokens are handed out here and nowhere else: write the result in this turn of
 * the event loop, because a stop that is answered from now on no longer finds it. PROTOCOL §3.5.
 */
export async function answersTo(
  deps: BatchDeps,
  { call, outcomes }: { call: BatchCall; outcomes: readonly Outcome[] },
): Promise<TransferAnswer[]> {
  const minted = outcomes.flatMap(({ result }) => (result instanceof OAuthError ? [] : [result]));
  const answerOf = await completeAll(deps, { call, minted });
  return outcomes.map(({ item: { id }, result }) => {
    const answer = result instanceof OAuthError ? result : answerOf(result);
    return answer instanceof OAuthError ? refusalOf(id, answer) : { id, status: 200, ...answer };
  });
}

async function completeAll(
  deps: BatchDeps,
  { call, minted }: { call: BatchCall; minted: readonly Minted[] },
): Promise<(one: Minted) => TransferResponse | OAuthError> {
  try {
    const outcomeOf = minted.length === 0 ? null : await complete(deps, minted);
    return (one) => {
      const outcome = outcomeOf?.(one) ?? ({ kind: 'not_in_time' } as const);
      return outcome.kind === 'token' ? outcome.response : toOAuthError(outcome);
    };
  } catch (error) {
    // nothing is sent; the sweep closes their rows
    const failed = errorOfItem(deps, call, error);
    return () => failed;
  }
}

function refusalOf(id: string, error: OAuthError): TransferAnswer {
  const { status, retryAfter } = error;
  const wait = retryAfter === undefined ? {} : { retry_after: Math.min(Math.max(1, Math.ceil(retryAfter)), 86_400) };
  return { ...error.toJSON(), id, status, ...wait };
}

/** The caller is gone: what was minted for them is not handed out. */
export async function withholdAll(deps: BatchDeps, outcomes: readonly Outcome[]): Promise<void> {
  for (const { result } of outcomes) if (!(result instanceof OAuthError)) await withhold(deps, result);
}

/** An exception of one item is that item's outcome; the others continue. */
function errorOfItem({ log }: BatchDeps, { signal }: BatchCall, error: unknown): OAuthError {
  if (error instanceof OAuthError) return error;
  if (signal.aborted && error === signal.reason) return toOAuthError({ kind: 'gone' });
  if (isDatabaseUnavailable(error))
    return temporarilyUnavailable('The server cannot answer right now.', { retryAfter: 2 });
  log.error({ err: error }, 'unexpected error in a batch call');
  return serverError('The server failed in an unexpected way.', { status: 500 });
}
