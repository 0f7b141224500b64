import { z } from 'zod';

/**
 * Answers that a person has to allow first: the client waits and polls instead of asking again. These are all names of
 * the draft "Deferred Token Response" (draft-gerber-oauth-deferred-token-response-00, adopted by the OAuth working
 * group as draft-ietf-oauth-deferred-token-response). They may change until it is an RFC, so they appear nowhere else.
 * PROTOCOL §3.7.
 */
export const DEFERRED = {
  /** The grant type of a poll. */
  grantType: 'urn:ietf:params:oauth:grant-type:deferred',
  /** A value in the list `completion_mode`: the client can wait. */
  mode: 'deferred',
} as const;

/** Errors that a waiting client may get besides `access_denied`, as in RFC 8628 §3.5. */
export const DEFERRED_ERROR_STATUS = { authorization_pending: 400, slow_down: 400, expired_token: 400 } as const;

/** Members that accompany `authorization_pending`. */
export interface DeferralExtras {
  readonly deferral_code?: string;
  /** Seconds until the code expires. */
  readonly expires_in?: number;
  /** Seconds to wait between two requests. */
  readonly interval?: number;
}

/** The same, as read from another server's answer. */
export const deferralMembers = {
  deferral_code: z.string().max(500).optional(),
  expires_in: z.number().int().positive().max(31_536_000).optional(),
  interval: z.number().int().positive().max(86_400).optional(),
};

/** Parameters of the request that may be deferred. */
export const completionFields = {
  completion_mode: z
    .string()
    .optional()
    .describe('`deferred`: answer authorization_pending with a deferral_code, instead of interaction_required.'),
};

/** Parameters of a poll. */
export const deferredFields = {
  grant_type: z.literal(DEFERRED.grantType),
  deferral_code: z.string(),
};

/** Members of the server metadata. */
export const deferredMetadata = { deferred_token_response_supported: z.boolean().optional() };

/** Whether the client of a request with this `completion_mode` can wait. Values it does not know are ignored. */
export function canWait(completionMode: string | undefined): boolean {
  return completionMode?.split(' ').includes(DEFERRED.mode) ?? false;
}
