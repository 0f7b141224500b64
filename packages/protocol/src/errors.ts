import { DEFERRED_ERROR_STATUS, type DeferralExtras } from './deferred.ts';
import type { TermsReference } from './terms.ts';

/** Error codes on the wire, each with the HTTP status it always has. PROTOCOL §3.8. */
export const ERROR_STATUS = {
  // RFC 6749 §4.1.2.1, §5.2
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  invalid_scope: 400,
  access_denied: 400,
  server_error: 502,
  temporarily_unavailable: 503,
  // RFC 6750 §3.1
  invalid_token: 401,
  insufficient_scope: 403,
  // RFC 7009 §2.2.1
  unsupported_token_type: 400,
  // RFC 7591 §3.2.2
  invalid_redirect_uri: 400,
  invalid_client_metadata: 400,
  // RFC 8693 §2.2.2
  invalid_target: 400,
  // RFC 9126 §2.3 / OpenID Connect Core §3.1.2.6
  invalid_request_uri: 400,
  login_required: 400,
  consent_required: 400,
  interaction_required: 400,
  // RFC 9449 §5, §8
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
  ...DEFERRED_ERROR_STATUS,
  // PROTOCOL §10.4
  terms_required: 400,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** Members that may stand beside `error` and `error_description`. */
export interface ErrorExtras extends DeferralExtras {
  readonly denied_by?: 'am' | 'host';
  /** With `temporarily_unavailable`: the Host is unavailable, not the AM that says so. */
  readonly unavailable?: 'host';
  /** Whether asking the owner could change the answer. */
  readonly requestable?: boolean;
  /** With `access_denied`: the owner has paused the connection and may resume it. PROTOCOL §7. */
  readonly paused?: true;
  /** With `access_denied`: the part of the scope that the owner allowed when asked. PROTOCOL §3.7. */
  readonly allowed_scope?: string;
  /** Names a refusal that whoever made the request may have explained. PROTOCOL §3.9. */
  readonly request_id?: string;
  readonly interaction_uri?: string;
  readonly scope?: string;
  /**
   * With `terms_required`: the terms the owner proffers, the preferred one first, and the signed offer. PROTOCOL §10.4.
   */
  readonly terms?: readonly TermsReference[];
  readonly proffer?: string;
}

export interface OAuthErrorOptions {
  /** For the operator's log only; never sent. */
  readonly cause?: unknown;
  /** Overrides the status that belongs to the code (413, 415, 429, 504 …). */
  readonly status?: number;
  /** Seconds for `Retry-After`. */
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly extras?: ErrorExtras;
}

/** An error that is sent to the client: `message` is the sentence it reads, `cause` is for the operator. */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryAfter: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly extras: ErrorExtras;

  constructor(code: ErrorCode, description: string, options: OAuthErrorOptions = {}) {
    super(description, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? ERROR_STATUS[code];
    this.retryAfter = options.retryAfter;
    this.headers = options.headers ?? {};
    this.extras = options.extras ?? {};
  }

  /** The same error with more beside it. */
  with(extras: ErrorExtras): OAuthError {
    const { cause, status, headers, retryAfter } = this;
    const kept = { cause, status, headers, extras: { ...this.extras, ...extras } };
    return new OAuthError(this.code, this.message, retryAfter === undefined ? kept : { ...kept, retryAfter });
  }

  /** The JSON body. */
  toJSON(): { error: ErrorCode; error_description: string } & ErrorExtras {
    return { error: this.code, error_description: this.message, ...this.extras };
  }
}

type Make = (description: string, options?: OAuthErrorOptions) => OAuthError;
const make =
  (code: ErrorCode): Make =>
  (description, options) =>
    new OAuthError(code, description, options);

export const invalidRequest = make('invalid_request');
export const invalidClient = make('invalid_client');
export const invalidGrant = make('invalid_grant');
export const unauthorizedClient = make('unauthorized_client');
export const unsupportedGrantType = make('unsupported_grant_type');
export const invalidScope = make('invalid_scope');
export const accessDenied = make('access_denied');
export const serverError = make('server_error');
export const temporarilyUnavailable = make('temporarily_unavailable');
export const invalidToken = make('invalid_token');
export const invalidRedirectUri = make('invalid_redirect_uri');
export const invalidClientMetadata = make('invalid_client_metadata');
export const invalidTarget = make('invalid_target');
export const invalidDpopProof = make('invalid_dpop_proof');
export const interactionRequired = make('interaction_required');
export const authorizationPending = make('authorization_pending');
export const slowDown = make('slow_down');
export const expiredToken = make('expired_token');
export const termsRequired = make('terms_required');

/** One text for every bad subject or actor token, so that the answer does not tell them apart. RFC 8693 §2.2.2. */
export const BAD_TOKEN_TEXT = 'The subject_token or actor_token is not acceptable.';

/** One text for a Host that is unknown, not linked, or not shown to this connection. PROTOCOL §3.2. */
export const BAD_TARGET_TEXT = 'This connection cannot obtain tokens for that resource.';

/** Throttled: 429 with `Retry-After`. A person may read the sentence, too. */
export function tooManyRequests(retryAfterSeconds: number): OAuthError {
  const minutes = Math.ceil(retryAfterSeconds / 60);
  const wait = minutes <= 1 ? 'a minute' : `${minutes} minutes`;
  return temporarilyUnavailable(`Too many requests. Wait ${wait}, then try again.`, {
    status: 429,
    retryAfter: retryAfterSeconds,
  });
}
