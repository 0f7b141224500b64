import { unverifiedClaims } from '@chatelaine/crypto';
import { replayError } from '@chatelaine/oauth-server';
import {
  accessDenied,
  authorizationPending,
  BAD_TARGET_TEXT,
  BAD_TOKEN_TEXT,
  formatScope,
  interactionRequired,
  invalidDpopProof,
  invalidRequest,
  invalidScope,
  invalidTarget,
  LIFETIME,
  type OAuthError,
  readProfferClaims,
  type ScopeSet,
  serverError,
  temporarilyUnavailable,
  termsRequired,
  tooManyRequests,
} from '@chatelaine/protocol';
import type { Paused } from './decide.ts';
import type { Asked, Question, Refusal } from './outcome.ts';

/** Seconds for `Retry-After` if nobody gave one. */
const RETRY_SECONDS = 5;
/** People take longer to answer. */
const QUESTIONS_RETRY_SECONDS = 3600;
/** The Host is down, not this service. */
const AT_HOST = { unavailable: 'host' } as const;

/** The OAuth error of a transfer without a token. PROTOCOL §3.8. */
export function toOAuthError(refusal: Refusal): OAuthError {
  const error = errorOf(refusal);
  return refusal.requestId === undefined ? error : error.with({ request_id: refusal.requestId });
}

function errorOf(refusal: Refusal): OAuthError {
  switch (refusal.kind) {
    case 'bad_token':
      return invalidRequest(BAD_TOKEN_TEXT, { cause: refusal.reason });
    case 'stopped':
      return invalidRequest(BAD_TOKEN_TEXT, { cause: 'stopped in flight' });
    case 'bad_target':
    case 'broken':
      return invalidTarget(BAD_TARGET_TEXT, { cause: refusal.kind });
    case 'key_needed':
      return invalidDpopProof('Tokens are bound to a key here: send a DPoP proof.', {
        cause: 'no key, and none may be left out',
      });
    case 'bad_scope':
      return invalidScope('The scope goes beyond what this connection may ask for at that Host.');
    case 'deny':
      return accessDenied("The owner's rules deny this.", { extras: { denied_by: 'am', requestable: false } });
    case 'paused':
      return accessDenied('The owner has paused this connection.', {
        retryAfter: refusal.retryAfter,
        extras: { denied_by: 'am', requestable: false, paused: true },
      });
    case 'terms_required':
      return toAnswer(refusal.proffer);
    case 'no_terms':
      return accessDenied(NO_TERMS[refusal.reason], { extras: { denied_by: 'am', requestable: false } });
    case 'denied':
      return accessDenied('The Host denies this.', { extras: { denied_by: 'host', requestable: refusal.requestable } });
    case 'replayed':
      return replayError(refusal);
    case 'unusable':
      return serverError("The Host's answer could not be used.", { cause: refusal.reason });
    case 'interaction_required':
    case 'deferred':
    case 'unanswered':
    case 'allowed_fewer':
    case 'too_many_questions':
      return toBeAsked(refusal);
    default:
      return later(refusal);
  }
}

/** The same for a client that retries by itself and would take a refusal as final. PROTOCOL §6, §7. */
export function pausedForNow({ retryAfter }: Paused): OAuthError {
  return temporarilyUnavailable('The owner has paused this connection.', { retryAfter });
}

const NO_TERMS = {
  declined: 'The terms of the owner were declined.',
  unsigned: 'The owner deals only with those who have accepted their terms.',
} as const;

/** The owner's terms, to be answered at the agreements endpoint. The offer is our own. PROTOCOL §10.4. */
function toAnswer(proffer: string): OAuthError {
  const { terms = [] } = readProfferClaims(unverifiedClaims(proffer)?.claims) ?? {};
  return termsRequired("The owner's terms have to be answered first.", { extras: { terms, proffer } });
}

function toBeAsked(question: Question): OAuthError {
  switch (question.kind) {
    case 'interaction_required':
      return interactionRequired('The owner has to be asked.', question.asked ? { extras: where(question.asked) } : {});
    case 'deferred':
      return authorizationPending('The owner has been asked.', {
        extras: {
          ...where(question.asked),
          deferral_code: question.deferralCode,
          expires_in: LIFETIME.deferral,
          interval: LIFETIME.pollInterval,
        },
      });
    case 'unanswered':
      return authorizationPending('The owner has to be asked.', { extras: { interval: LIFETIME.pollInterval } });
    case 'allowed_fewer':
      return notAllowed(question.allowed);
    case 'too_many_questions':
      return tooManyRequests(QUESTIONS_RETRY_SECONDS);
  }
}

/** The scopes the owner allowed when asked, which may be requested by themselves; null: none. PROTOCOL §3.7. */
export function notAllowed(allowed: ScopeSet | null): OAuthError {
  const said = { denied_by: 'am', requestable: true } as const;
  if (allowed === null) return accessDenied('The owner did not allow it.', { extras: said });
  const extras = { ...said, allowed_scope: formatScope(allowed) };
  return accessDenied('The owner allowed only a part of it: ask for that.', { extras });
}

const where = ({ uri, scopes }: Asked) => ({ interaction_uri: uri, scope: formatScope(scopes) });

type Later = Extract<
  Refusal,
  {
    kind:
      | 'host_behind'
      | 'changing'
      | 'not_in_time'
      | 'terms_changed'
      | 'gone'
      | 'timeout'
      | 'busy'
      | 'unreachable'
      | 'unopened';
  }
>;

/** Temporary failures. */
function later(refusal: Later): OAuthError {
  switch (refusal.kind) {
    case 'host_behind':
      return temporarilyUnavailable('The Host has yet to confirm that earlier grants have ended.', { retryAfter: 30 });
    case 'changing':
      return temporarilyUnavailable('The owner is changing what this connection may do; try again.', { retryAfter: 1 });
    case 'terms_changed':
      return temporarilyUnavailable('The owner has put other terms in force meanwhile; ask again.', { retryAfter: 1 });
    case 'not_in_time':
      return temporarilyUnavailable('The server is too busy to answer in time.', { retryAfter: 1 });
    case 'gone':
      return temporarilyUnavailable('There was no time left for this.', { status: 504, retryAfter: 1 });
    case 'timeout':
      return temporarilyUnavailable('The Host did not answer in time.', { status: 504, retryAfter: RETRY_SECONDS });
    case 'busy':
      return temporarilyUnavailable('The Host cannot answer right now.', {
        retryAfter: refusal.retryAfter,
        extras: AT_HOST,
      });
    case 'unreachable':
      // not 502: stock clients take server_error as a reason to bring the owner here again
      return temporarilyUnavailable('The Host could not be reached.', {
        retryAfter: RETRY_SECONDS,
        extras: AT_HOST,
        cause: refusal.reason,
      });
    case 'unopened':
      return temporarilyUnavailable('The link to the Host cannot be used right now; this is a fault of this service.', {
        retryAfter: RETRY_SECONDS,
        cause: 'a stored secret cannot be decrypted',
      });
  }
}
