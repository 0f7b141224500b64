import { coversScope, type ScopeSet } from '@chatelaine/protocol';
import { evaluateAll, type Verdict } from '../rules/evaluate.ts';
import type { Rule } from '../rules/rule.ts';
import type { TransferRequest } from './request.ts';

/** Everything a transfer is decided on, as read at one moment. */
export interface Snapshot {
  readonly connectionId: string;
  readonly ownerId: string;
  readonly bucket: number;
  readonly clientId: string;
  readonly clientName: string;
  readonly clientUri: string | null;
  readonly jkt: string | null;
  /**
   * The owner has paused the connection: seconds until it resumes, or infinity until they resume it; null: not paused.
   */
  readonly pausedFor: number | null;
  /** The policy version: counts the owner's changes. A transfer begins only while it is still this number. */
  readonly policyVersion: string;
  /** The Host of the resource, if the owner linked it and shows it to this connection. */
  readonly target: Target | null;
  readonly rules: readonly Rule[];
  /** Where the connection stands with its owner's terms. PROTOCOL §10. */
  readonly terms: TermsState;
  /** The owner deals only with Requesters that have accepted terms. */
  readonly signersOnly: boolean;
  /** An unused approval of exactly these scopes at this Host. */
  readonly approvedAskId: string | null;
}

export type TermsState =
  | { readonly kind: 'none' }
  | { readonly kind: 'accepted'; readonly jti: string }
  | { readonly kind: 'declined' }
  /** Not answered yet; `proffer` is the signed offer. */
  | { readonly kind: 'open'; readonly proffer: string };

export interface Target {
  readonly hostId: string;
  readonly hostIssuer: string;
  readonly hostName: string;
  readonly linkId: string;
  /** What the owner lets the AM pass on, as the Host last said. */
  readonly ceiling: ScopeSet;
  /** What the owner lets this Requester ask for. */
  readonly shown: ScopeSet;
  /** This Requester's grant at the Host. */
  readonly grantId: string;
  /** Whether Host and owner both agreed that this Requester's tokens there may be bound to no key. PROTOCOL §6. */
  readonly bearer: boolean;
  /** Grants of this Requester that were given up and whose end the Host has not confirmed. */
  readonly unconfirmedEnds: number;
}

/**
 * Each wrong answer of a Host costs a grant, which it then has to end: after this many, nothing more is asked of it
 * until it has. PROTOCOL §3.5.
 */
export const MOST_UNCONFIRMED_ENDS = 10;

export interface Allowed {
  readonly kind: 'allow';
  readonly target: Target;
  /** The approval it uses up; null: it needs none. */
  readonly askId: string | null;
  /** One for each scope. */
  readonly verdicts: readonly Verdict[];
}

/** The owner has paused the connection. `retryAfter`: seconds after which another try is worthwhile. */
export interface Paused {
  readonly kind: 'paused';
  readonly retryAfter: number;
}

/** Owners may resume at any time, also before the time they set. */
const LONGEST_RETRY_SECONDS = 3600;

export const paused = (seconds: number): Paused => ({
  kind: 'paused',
  retryAfter: Math.min(Math.max(1, Math.ceil(seconds)), LONGEST_RETRY_SECONDS),
});

export type Decision =
  | Allowed
  | { readonly kind: 'ask'; readonly target: Target; readonly verdicts: readonly Verdict[] }
  | { readonly kind: 'deny'; readonly verdicts: readonly Verdict[] }
  | Paused
  /** The Requester has to answer the owner's terms first. */
  | { readonly kind: 'terms_required'; readonly proffer: string }
  /** It declined them, or has agreed to none although the owner deals only with Requesters that have. */
  | { readonly kind: 'no_terms'; readonly reason: 'declined' | 'unsigned' }
  | { readonly kind: 'bad_scope' }
  | { readonly kind: 'bad_target' }
  /** The Host has to confirm earlier ends first. */
  | { readonly kind: 'host_behind' }
  /** A token bound to no key, although Host and owner have not both agreed to that. */
  | { readonly kind: 'key_needed' }
  /** `foreign`: a live token in the hands of another client. */
  | { readonly kind: 'bad_token'; readonly reason: 'unknown' | 'foreign' | 'key' };

/**
 * Decides a transfer. Pure: the same snapshot and request always give the same answer, in a dry run too. PROTOCOL §3.2.
 */
export function decide(
  snapshot: Snapshot | null,
  request: Pick<TransferRequest, 'clientId' | 'subject' | 'binding' | 'scopes'>,
): Decision {
  if (snapshot === null) return { kind: 'bad_token', reason: 'unknown' };
  if (snapshot.clientId !== request.clientId) return { kind: 'bad_token', reason: 'foreign' };
  if (!isItsKey(snapshot, request)) return { kind: 'bad_token', reason: 'key' };
  // before anything is said about a target: a paused Requester learns nothing
  if (snapshot.pausedFor !== null) return paused(snapshot.pausedFor);
  const { target } = snapshot;
  if (target === null) return { kind: 'bad_target' };
  if (request.binding.kind === 'bearer' && !target.bearer) return { kind: 'key_needed' };
  const { scopes } = request;
  if (scopes.length === 0 || !coversScope(target.shown, scopes) || !coversScope(target.ceiling, scopes))
    return { kind: 'bad_scope' };
  const asking = { connectionId: snapshot.connectionId, linkId: target.linkId };
  const { effect, verdicts } = evaluateAll(snapshot.rules, asking, scopes);
  if (effect === 'deny') return { kind: 'deny', verdicts };
  const unsigned = decideTerms(snapshot);
  if (unsigned !== null) return unsigned;
  if (effect === 'ask' && snapshot.approvedAskId === null) return { kind: 'ask', target, verdicts };
  // read together with the grant: giving this one up adds one more end, so there are never more than these
  if (target.unconfirmedEnds >= MOST_UNCONFIRMED_ENDS) return { kind: 'host_behind' };
  return { kind: 'allow', target, askId: effect === 'ask' ? snapshot.approvedAskId : null, verdicts };
}

/** The rules that decided, and those of their limits that count this transfer if it begins. */
export function decidedBy(decision: Decision): {
  readonly ruleIds: readonly string[];
  readonly limitIds: readonly string[];
} {
  if (!('verdicts' in decision)) return { ruleIds: [], limitIds: [] };
  const rules = decision.verdicts.flatMap(({ rule }) => (rule === null ? [] : [rule]));
  // an owner who approved exactly this allows all of it once more
  const isCounted = decision.kind === 'allow' && decision.askId === null;
  const limits = isCounted ? rules.flatMap(({ limit }) => (limit === null ? [] : [limit.id])) : [];
  return { ruleIds: [...new Set(rules.map(({ id }) => id))], limitIds: [...new Set(limits)] };
}

/**
 * After a deny, because a denied Requester need not sign; before a question, because the owner is not asked on behalf
 * of a Requester that has not signed. PROTOCOL §10.4.
 */
function decideTerms({ terms, signersOnly }: Pick<Snapshot, 'terms' | 'signersOnly'>): Decision | null {
  switch (terms.kind) {
    case 'none':
      return signersOnly ? { kind: 'no_terms', reason: 'unsigned' } : null;
    case 'accepted':
      return null;
    case 'declined':
      return { kind: 'no_terms', reason: 'declined' };
    case 'open':
      return { kind: 'terms_required', proffer: terms.proffer };
  }
}

/** A connection with a key can only be used with that key; one made without may still bring its first. PROTOCOL §6. */
function isItsKey({ jkt }: Snapshot, { subject, binding }: Pick<TransferRequest, 'subject' | 'binding'>): boolean {
  if (jkt !== null) return binding.kind === 'key' && binding.jkt === jkt;
  return subject.kind === 'grant';
}
