import type { Replayed } from '@chatelaine/oauth-server';
import type { ScopeSet, TransferResponse } from '@chatelaine/protocol';
import type { Decision, Paused } from './decide.ts';
import type { Intent } from './begin-store.ts';

/** What a transfer comes to. PROTOCOL §3.5, §3.8. */
export type TransferOutcome =
  /** What the Host minted, to be relayed. */
  { readonly kind: 'token'; readonly response: TransferResponse } | Refusal;

/**
 * A token that was minted and that nobody has yet; its intent is open until the transfer is completed or the token is
 * withheld.
 */
export interface Minted {
  readonly kind: 'minted';
  readonly intent: Intent;
  readonly response: TransferResponse;
}

/**
 * A transfer that comes to no token: told apart by the code and the sentence that a Requester gets, and by what is to
 * be done about it.
 */
export type Refusal =
  | Exclude<Decision, { kind: 'allow' | 'ask' }>
  | Question
  | Unanswered
  /** The owner changed something each time that it was decided. */
  | { readonly kind: 'changing' }
  /** A proof or an assertion was used before. */
  | Replayed
  /** What was minted could not leave in time, and goes to nobody. PROTOCOL §7. */
  | { readonly kind: 'not_in_time' }
  /** The owner put other terms in force while it was under way; what was minted goes to nobody. PROTOCOL §10.4. */
  | { readonly kind: 'terms_changed' };

/** The owner has to be asked. PROTOCOL §3.7. */
export type Question =
  /** `asked` is null where the client brings them here by itself. PROTOCOL §6. */
  | { readonly kind: 'interaction_required'; readonly asked: Asked | null }
  /** The Requester waits for the answer with a code. */
  | { readonly kind: 'deferred'; readonly asked: Asked; readonly deferralCode: string }
  /** It waits already. */
  | { readonly kind: 'unanswered' }
  /** They were asked for all of it a moment ago, and allowed only these. */
  | { readonly kind: 'allowed_fewer'; readonly allowed: ScopeSet }
  | { readonly kind: 'too_many_questions' };

export interface Asked {
  /** Where the question is. */
  readonly uri: string;
  readonly scopes: ScopeSet;
}

/** Why there is no token of a Host that was to be asked. PROTOCOL §3.5, §3.8. */
export type Unanswered =
  /** The Host ended the link. */
  | { readonly kind: 'broken' }
  /** The owner or the Requester ended the connection or the link; the Host may have been told first. */
  | { readonly kind: 'stopped' }
  | Paused
  /** The Host's own policy says no. */
  | { readonly kind: 'denied'; readonly requestable: boolean }
  | { readonly kind: 'bad_scope' }
  | { readonly kind: 'bad_target' }
  | { readonly kind: 'timeout' }
  /** Whoever asked did not wait. Whatever the Host may have minted is in nobody's hands. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'busy'; readonly retryAfter: number }
  /** There is no connection, or it ended before there was an answer. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** What is stored of the link does not open here: a fault of ours, and it passes when it is put right. */
  | { readonly kind: 'unopened' }
  /** `minted`: the Host may have minted something that is to be revoked. */
  | { readonly kind: 'unusable'; readonly reason: string; readonly minted: boolean };
