import type { Failure, OAuthErrorAnswer } from '@chatelaine/oauth-client';

/** No such connection of this owner. */
export interface UnknownConnection {
  readonly kind: 'unknown_connection';
}

/** The AM does not honour the connection any more: the owner must connect again. */
export interface Reconnect {
  readonly kind: 'reconnect';
}

/** Who is meant: the AM, or the Host (also when the AM says so of it). */
export type At = 'am' | 'host';

/** Nothing is wrong with the request; the same may work later. `retryAfter` in seconds, when somebody said. */
export interface TryLater {
  readonly kind: 'try_later';
  readonly at: At;
  readonly reason: string;
  readonly retryAfter?: number;
}

/** Somebody answered something that cannot be used; `reason` is for the log. */
export interface Unusable {
  readonly kind: 'unusable';
  readonly at: At;
  readonly reason: string;
}

/** What any call over a connection may come to. */
export type ConnectionFailure = UnknownConnection | Reconnect | TryLater | Unusable;

/** Failures that mean the same whatever was asked; OAuth errors with a meaning of their own are the caller's. */
export function generalFailure(failure: Failure, at: At): Reconnect | TryLater | Unusable {
  switch (failure.kind) {
    case 'timeout':
      return { kind: 'try_later', at, reason: 'no answer in time' };
    case 'unreachable':
      return { kind: 'try_later', at, reason: failure.reason };
    case 'unusable':
      return { kind: 'unusable', at, reason: failure.reason };
    case 'oauth_error':
      return fromError(failure);
  }
}

function fromError({ status, error: answered, retryAfter }: OAuthErrorAnswer): Reconnect | TryLater | Unusable {
  const { error, unavailable } = answered;
  const reason = `${status} ${error}`;
  if (status === 429 || status >= 500) {
    // PROTOCOL §3.8: 502 and 504 are the AM's words for a Host that failed, and 503 where it says so
    const at = status === 502 || status === 504 || unavailable === 'host' ? 'host' : 'am';
    return { kind: 'try_later', at, reason, ...(retryAfter === undefined ? {} : { retryAfter }) };
  }
  // the AM forgot the connection, or who we are: either way it has to be made again
  const ended = error === 'invalid_grant' || error === 'invalid_client';
  return ended ? { kind: 'reconnect' } : { kind: 'unusable', at: 'am', reason };
}

export function unusableAt(at: At, reason: string): Unusable {
  return { kind: 'unusable', at, reason };
}
