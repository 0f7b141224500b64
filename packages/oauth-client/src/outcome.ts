import type { ErrorResponse } from '@chatelaine/protocol';

/** The other server answered with an OAuth error. `status` is HTTP's, `retryAfter` in seconds. */
export interface OAuthErrorAnswer {
  readonly kind: 'oauth_error';
  readonly status: number;
  readonly error: ErrorResponse;
  readonly retryAfter?: number;
}

/**
 * The other server answered something this client cannot use; `reason` is for the operator's log and carries nothing of
 * the answer. `accessToken` is there when the answer held one, so that the caller can hand it back for revocation.
 */
export interface Unusable {
  readonly kind: 'unusable';
  readonly reason: string;
  readonly accessToken?: string;
}

/** No answer within the time limits: the request may have had its effect. */
export interface TimedOut {
  readonly kind: 'timeout';
}

/** No connection, or none allowed: the request had no effect, or the answer never arrived whole. */
export interface Unreachable {
  readonly kind: 'unreachable';
  readonly reason: string;
}

/** What every call to another server may come to besides success. */
export type Failure = OAuthErrorAnswer | Unusable | TimedOut | Unreachable;

export const unusable = (reason: string, accessToken?: string): Unusable =>
  accessToken === undefined ? { kind: 'unusable', reason } : { kind: 'unusable', reason, accessToken };
