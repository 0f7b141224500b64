import type { Replayed } from '@chatelaine/oauth-server';
import type { ScopeSet, TransferResponse } from '@chatelaine/protocol';
import type { Decision, Paused } from './decide.ts';
import type { Intent } from './begin-store.ts';

/** The outcome of a transfer. PROTOCOL §3.5, §3.8. */
export type TransferOutcome =
  /** The Host's token, to be relayed. */
  { readonly kind: 'token'; readonly response: TransferResponse } | Refusal;

/** A minted token that nobody holds yet; its intent is open until the transfer is completed or the token withheld. */
export interface Minted {
  readonly kind: 'minted';
  readonly intent: Intent;
  readonly response: TransferResponse;
}

/**
 * A transfer without a token: the kinds differ in the code and sentence that a Requester gets, and in what has to be
 * done.
 */
export type Refusal = RefusalKind & {
  /** Of the request, where it was written down and can be explained to who made it. PROTOCOL §3.9. */
  readonly requestId?: string;
};

type RefusalKind =
  | Exclude<Decision, { kind: 'allow' | 'ask' }>
  | Question
  | Unanswered
  /** The owner changed something every time it was decided. */
  | { readonly kind: 'changing' }
  /** A proof or an assertion was used before. */
  | Replayed
  /** The minted token could not be sent in time, and goes to nobody. PROTOCOL §7. */
  | { readonly kind: 'not_in_time' }
  /** The owner put other terms in force in the meantime; the minted token goes to nobody. PROTOCOL §10.4. */
  | { readonly kind: 'terms_changed' };

/** The owner has to be asked. PROTOCOL §3.7. */
export type Question =
  /** `asked` is null if the client brings the owner here itself. PROTOCOL §6. */
  | { readonly kind: 'interaction_required'; readonly asked: Asked | null }
  /** The Requester waits for the answer with a code. */
  | { readonly kind: 'deferred'; readonly asked: Asked; readonly deferralCode: string }
  /** It is waiting already. */
  | { readonly kind: 'unanswered' }
  /** They were just asked for all of it, and allowed only these scopes. */
  | { readonly kind: 'allowed_fewer'; readonly allowed: ScopeSet }
  | { readonly kind: 'too_many_questions' };

export interface Asked {
  /** The URL of the question. */
  readonly uri: string;
  readonly scopes: ScopeSet;
}

/** Why a Host that was called gave no token. PROTOCOL §3.5, §3.8. */
export type Unanswered =
  /** The Host ended the link. */
  | { readonly kind: 'broken' }
  /** The owner or the Requester ended the connection or the link; the Host may have been told first. */
  | { readonly kind: 'stopped' }
  | Paused
  /** The Host's own policy refused. */
  | { readonly kind: 'denied'; readonly requestable: boolean }
  | { readonly kind: 'bad_scope' }
  | { readonly kind: 'bad_target' }
  | { readonly kind: 'timeout' }
  /** The caller did not wait. Whatever the Host may have minted is in nobody's hands. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'busy'; readonly retryAfter: number }
  /** No connection to the Host, or it broke before there was an answer. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** The link's stored secret cannot be decrypted here: our own fault, until an operator fixes it. */
  | { readonly kind: 'unopened' }
  /** `minted`: the Host may have minted something that has to be revoked. */
  | { readonly kind: 'unusable'; readonly reason: string; readonly minted: boolean };
