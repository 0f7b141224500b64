import { type Exchanged, type Failure, pollDeferred } from '@chatelaine/oauth-client';
import type { ErrorResponse } from '@chatelaine/protocol';
import { type OpenConnection, open } from './connection.ts';
import type { Kit } from './options.ts';
import { settleTerms } from './settle-terms.ts';
import { requesterStatement } from './statement.ts';
import { keyOf, type TransferRequest } from './token-cache.ts';
import type { InteractionRequired, TransferOutcome } from './transfer.ts';

/** The owner is being asked, and the app need not ask again: it waits. PROTOCOL §3.7. */
export interface Deferred {
  readonly kind: 'deferred';
  /** The page, on the AM's origin, where the owner answers, for an app that can show it to them. */
  readonly interactionUri: string | null;
  /** Epoch seconds at which waiting is over. */
  readonly expiresAt: number;
  /** Seconds to wait before the first poll. */
  readonly intervalSeconds: number;
  /** Asks whether there is an answer yet. In this process only: the code it holds is never stored. */
  poll(): Promise<PollOutcome>;
}

/** The outcome of a poll; `retryAfter` in seconds. PROTOCOL §3.7. */
export type PollOutcome =
  /** Not yet: wait so many seconds before the next poll. */
  | { readonly kind: 'pending'; readonly retryAfter: number }
  /** The owner did not answer in time, or their approval was used up: ask again. */
  | { readonly kind: 'expired' }
  | Exclude<TransferOutcome, Deferred | InteractionRequired>;

const INTERVAL = 5;

type Judge = (opened: OpenConnection, answer: Exchanged | Failure) => TransferOutcome;

export interface DeferredInput {
  readonly error: ErrorResponse;
  readonly interactionUri: string | null;
  /** Interprets an answer, to a poll or to the transfer itself. */
  readonly judge: Judge;
}

/** Turns a deferring AM's answer into something to wait with; null if it has no code. */
export function deferredOf(
  kit: Kit,
  request: TransferRequest,
  { error, interactionUri, judge }: DeferredInput,
): Deferred | null {
  const code = error.deferral_code;
  if (code === undefined) return null;
  const intervalSeconds = error.interval ?? INTERVAL;
  return {
    kind: 'deferred',
    interactionUri,
    expiresAt: kit.clock.now() + (error.expires_in ?? 0),
    intervalSeconds,
    // an AM may give the same code to several waiting callers: each gets its own outcome
    poll: () => kit.share(`poll ${keyOf(request)} ${code}`, () => poll(kit, request, { code, intervalSeconds, judge })),
  };
}

async function poll(
  kit: Kit,
  request: TransferRequest,
  { code, intervalSeconds, judge }: { code: string; intervalSeconds: number; judge: Judge },
): Promise<PollOutcome> {
  const opened = await open(kit, request);
  if (opened.kind !== 'open') return opened;
  const { server, client, secrets } = opened;
  const mark = kit.tokens.mark();
  const actorToken = await requesterStatement(kit, opened, request);
  const answer = await pollDeferred(kit, {
    server,
    client,
    deferralCode: code,
    dpopKey: secrets.dpopKey,
    ...(actorToken === undefined ? {} : { actorToken }),
  });
  if (answer.kind === 'oauth_error') {
    const interval = answer.error.interval ?? intervalSeconds;
    switch (answer.error.error) {
      case 'authorization_pending':
        return { kind: 'pending', retryAfter: interval };
      // RFC 8628 §3.5
      case 'slow_down':
        return { kind: 'pending', retryAfter: interval + INTERVAL };
      case 'expired_token':
      case 'invalid_grant':
        return { kind: 'expired' };
    }
  }
  const outcome = judge(opened, answer);
  // the code is still good: the next poll may find the answer
  if (outcome.kind === 'terms_required' && (await settleTerms(kit, request, opened)) === 'accepted')
    return { kind: 'pending', retryAfter: intervalSeconds };
  if (outcome.kind === 'token') kit.tokens.put(request, outcome.token, mark);
  return outcome.kind === 'deferred' || outcome.kind === 'interaction_required' ? { kind: 'expired' } : outcome;
}
