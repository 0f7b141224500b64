import type { RefusalsResponse, Remedy } from '@chatelaine/protocol';
import type { Refusal } from '../transfer/outcome.ts';
import { toOAuthError } from '../transfer/to-oauth-error.ts';

/** A refusal as it is recorded for its owner. */
export interface Kept {
  /** Epoch seconds. */
  readonly at: number;
  readonly resource: string;
  readonly scope: string;
  readonly state: string;
  /** The reason as the owner sees it, which is more than a Requester may know. */
  readonly error: string;
}

/** What a Requester may know of a refusal: the error that it got, and what would change it. */
interface Explanation {
  readonly refusal: Refusal;
  readonly remedy: Remedy;
  readonly advice: string;
}

/**
 * Explains a refusal to the Requester that got it, only by the error that it got: whatever has the same error has the
 * same explanation. Null: it got no error that could be explained. PROTOCOL §3.9.
 */
export function explain(
  { issuer }: { readonly issuer: string },
  { at, resource, scope, state, error }: Kept,
): RefusalsResponse['refusals'][number] | null {
  const explanation = EXPLANATIONS[error] ?? (state === 'failed' && !UNEXPLAINED.has(error) ? UNUSABLE : null);
  if (explanation === null) return null;
  const { code, message } = toOAuthError(explanation.refusal);
  return {
    asked_at: at,
    resource,
    scope,
    error: code,
    error_description: message,
    error_uri: `${issuer}/docs#${code}`,
    remedy: explanation.remedy,
    advice: explanation.advice,
  };
}

/** Nobody received an error, or it said that the failure is this server's. */
const UNEXPLAINED: ReadonlySet<string> = new Set(['gone', 'late', 'internal', 'lost', 'stopped', 'terms']);

const UNUSABLE: Explanation = {
  refusal: { kind: 'unusable', reason: '', minted: false },
  remedy: 'report',
  advice: 'The Host answered something that is not to be passed on. Tell those who run it; asking again may help.',
};
const ALLOWED_PART: Explanation = {
  refusal: { kind: 'allowed_fewer', allowed: [] },
  remedy: 'narrow_scope',
  advice: 'Ask for allowed_scope by itself, which came with the error.',
};
// PROTOCOL §3.2: unknown, not linked, not shown and broken have one answer
const TARGET: Explanation = {
  refusal: { kind: 'bad_target' },
  remedy: 'choose_target',
  advice:
    'Ask for a resource that the targets endpoint lists for this connection, spelled as it is there. ' +
    'What is not listed only the owner can add.',
};
const SCOPE: Explanation = {
  refusal: { kind: 'bad_scope' },
  remedy: 'narrow_scope',
  advice:
    'Ask for less: the targets endpoint lists the scopes that this connection may ask for. ' +
    'More of them only the owner can add, on the page of the app or when it connects again.',
};
const wait = (refusal: Refusal, advice: string): Explanation => ({ refusal, remedy: 'wait', advice });
const LATER = 'Nothing is wrong with the request. Ask again after Retry-After, and wait longer each time.';

/** By the reason that is recorded for the owner. */
const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  rule: {
    refusal: { kind: 'deny', verdicts: [] },
    remedy: 'ask_owner',
    advice:
      'The owner has said never to this, and asking again changes nothing. Only they can, on the page of the app.',
  },
  asked: {
    refusal: { kind: 'interaction_required', asked: null },
    remedy: 'ask_owner',
    advice:
      'Send the owner to interaction_uri and ask again when they have answered, or wait with completion_mode=deferred.',
  },
  allowed_part: ALLOWED_PART,
  paused: wait(
    { kind: 'paused', retryAfter: 0 },
    'The owner has paused the app. Everything is refused until they resume it; nothing has to be connected anew.',
  ),
  too_many_questions: wait(
    { kind: 'too_many_questions' },
    'The owner has as many questions of this app as may wait at once. Ask for what they have answered, and less often.',
  ),
  terms_open: {
    refusal: { kind: 'terms_required', proffer: '' },
    remedy: 'sign_terms',
    advice: 'Read the offer at the agreements endpoint, accept or decline it there, and ask again.',
  },
  terms_refused: {
    refusal: { kind: 'no_terms', reason: 'unsigned' },
    remedy: 'sign_terms',
    advice: 'There is no token without terms that the app has accepted. The owner can make another offer.',
  },
  not_shown: TARGET,
  bad_target: TARGET,
  broken: TARGET,
  not_chosen: SCOPE,
  beyond_ceiling: SCOPE,
  bad_scope: SCOPE,
  denied: {
    refusal: { kind: 'denied', requestable: false },
    remedy: 'ask_owner',
    advice: 'The Host itself said no, by rules of its own. Its owner can look there; the AM cannot change it.',
  },
  host_behind: wait({ kind: 'host_behind' }, LATER),
  timeout: wait({ kind: 'timeout' }, LATER),
  busy: wait({ kind: 'busy', retryAfter: 0 }, LATER),
  unreachable: wait({ kind: 'unreachable', reason: '' }, LATER),
  unopened: wait({ kind: 'unopened' }, LATER),
};
