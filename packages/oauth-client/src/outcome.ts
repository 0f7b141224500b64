import type { ErrorResponse } from '@chatelaine/protocol';

/** The server answered with an OAuth error (RFC 6749 §5.2). `status` is the HTTP status, `retryAfter` in seconds. */
export interface OAuthErrorAnswer {
  readonly kind: 'oauth_error';
  readonly status: number;
  readonly error: ErrorResponse;
  readonly retryAfter?: number;
}

/**
 * The server's answer cannot be used. `reason` is for the operator's log and holds nothing of the answer. `accessToken`
 * is set if the answer held one, so that the caller can have it revoked.
 */
export interface Unusable {
  readonly kind: 'unusable';
  readonly reason: string;
  readonly accessToken?: string;
}

/** No answer within the time limits. The request may have taken effect. */
export interface TimedOut {
  readonly kind: 'timeout';
}

/**
 * No connection could or may be made, or it broke before the whole answer had arrived. The request may have taken
 * effect.
 */
export interface Unreachable {
  readonly kind: 'unreachable';
  readonly reason: string;
}

/** Every outcome of a call to a server other than success. */
export type Failure = OAuthErrorAnswer | Unusable | TimedOut | Unreachable;

export const unusable = (reason: string, accessToken?: string): Unusable =>
  accessToken === undefined ? { kind: 'unusable', reason } : { kind: 'unusable', reason, accessToken };
