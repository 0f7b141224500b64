import type { Failure, OAuthErrorAnswer } from '@chatelaine/oauth-client';
import { type Explainable, requestOfError } from './explainable.ts';

/** This owner has no such connection. */
export interface UnknownConnection {
  readonly kind: 'unknown_connection';
}

/** The AM no longer accepts the connection: the owner must connect again. */
export interface Reconnect {
  readonly kind: 'reconnect';
}

/** Which server is meant: the AM, or the Host (also when the AM reports it). */
export type At = 'am' | 'host';

/** Nothing is wrong with the request; the same may work later. `retryAfter` in seconds, if the server gave it. */
export interface TryLater extends Explainable {
  readonly kind: 'try_later';
  readonly at: At;
  readonly reason: string;
  readonly retryAfter?: number;
}

/** A server's answer cannot be used; `reason` is for the log. */
export interface Unusable extends Explainable {
  readonly kind: 'unusable';
  readonly at: At;
  readonly reason: string;
}

/** Outcomes that any call over a connection may have. */
export type ConnectionFailure = UnknownConnection | Reconnect | TryLater | Unusable;

/** Failures that mean the same for every call; OAuth errors with a particular meaning are left to the caller. */
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
  const named = requestOfError(answered);
  const reason = `${status} ${error}`;
  if (status === 429 || status >= 500) {
    // PROTOCOL §3.8: with 502 and 504, and with 503 if it says so, the AM reports a failing Host
    const at = status === 502 || status === 504 || unavailable === 'host' ? 'host' : 'am';
    return { kind: 'try_later', at, reason, ...named, ...(retryAfter === undefined ? {} : { retryAfter }) };
  }
  // the AM forgot the connection, or the client: either way it has to be made again
  const ended = error === 'invalid_grant' || error === 'invalid_client';
  return ended ? { kind: 'reconnect' } : { kind: 'unusable', at: 'am', reason, ...named };
}

export function unusableAt(at: At, reason: string): Unusable {
  return { kind: 'unusable', at, reason };
}
