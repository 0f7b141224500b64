import { coversScope, type ScopeSet } from '@chatelaine/protocol';
import { evaluateAll } from '../rules/evaluate.ts';
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
  /** Counts the owner's changes; a transfer begins only while this is still the number. */
  readonly policyVersion: string;
  /** The Host of the resource, if the owner linked it and shows it to this connection. */
  readonly target: Target | null;
  readonly rules: readonly Rule[];
  /** An unused approval of exactly these scopes at this Host. */
  readonly approvedAskId: string | null;
}

export interface Target {
  readonly hostId: string;
  readonly hostIssuer: string;
  readonly hostName: string;
  readonly linkId: string;
  /** What the owner let the AM hand on, as the Host last told it. */
  readonly ceiling: ScopeSet;
  /** What the owner let this Requester ask for. */
  readonly shown: ScopeSet;
  /** This Requester's grant at the Host. */
  readonly grantId: string;
  /** Whether Host and owner both agreed that this Requester's tokens there need be bound to no key. PROTOCOL §6. */
  readonly bearer: boolean;
  /** Grants of this Requester that were given up, and that the Host has not confirmed to have ended. */
  readonly unconfirmedEnds: number;
}

/** A Host whose answers are odd costs a grant each time, which it then has to end: so many, and nothing more is asked of it until it has. PROTOCOL §3.5. */
export const MOST_UNCONFIRMED_ENDS = 10;

export type Decision =
  | { readonly kind: 'allow'; readonly target: Target; readonly askId: string | null }
  | { readonly kind: 'ask'; readonly target: Target }
  | { readonly kind: 'deny' }
  | { readonly kind: 'bad_scope' }
  | { readonly kind: 'bad_target' }
  /** The Host has to confirm earlier ends first. */
  | { readonly kind: 'host_behind' }
  /** A token bound to no key, where Host and owner have not both agreed to such. */
  | { readonly kind: 'key_needed' }
  /** `foreign`: a live token in the hands of another client. */
  | { readonly kind: 'bad_token'; readonly reason: 'unknown' | 'foreign' | 'key' };

/** Decides a transfer. Pure: the same snapshot and request always give the same answer, in a dry run too. PROTOCOL §3.2. */
export function decide(
  snapshot: Snapshot | null,
  request: Pick<TransferRequest, 'clientId' | 'subject' | 'binding' | 'scopes'>,
): Decision {
  if (snapshot === null) return { kind: 'bad_token', reason: 'unknown' };
  if (snapshot.clientId !== request.clientId) return { kind: 'bad_token', reason: 'foreign' };
  if (!isItsKey(snapshot, request)) return { kind: 'bad_token', reason: 'key' };
  const { target } = snapshot;
  if (target === null) return { kind: 'bad_target' };
  if (request.binding.kind === 'bearer' && !target.bearer) return { kind: 'key_needed' };
  const { scopes } = request;
  if (scopes.length === 0 || !coversScope(target.shown, scopes) || !coversScope(target.ceiling, scopes))
    return { kind: 'bad_scope' };
  const effect = evaluateAll(snapshot.rules, { connectionId: snapshot.connectionId, linkId: target.linkId }, scopes);
  if (effect === 'deny') return { kind: 'deny' };
  if (effect === 'ask' && snapshot.approvedAskId === null) return { kind: 'ask', target };
  // read together with the grant: whoever gives this one up makes one end more, so that there are never more than these
  if (target.unconfirmedEnds >= MOST_UNCONFIRMED_ENDS) return { kind: 'host_behind' };
  return { kind: 'allow', target, askId: effect === 'ask' ? snapshot.approvedAskId : null };
}

/** A connection that has a key is used with that one only; one that was made without may still bring its first. PROTOCOL §6. */
function isItsKey({ jkt }: Snapshot, { subject, binding }: Pick<TransferRequest, 'subject' | 'binding'>): boolean {
  if (jkt !== null) return binding.kind === 'key' && binding.jkt === jkt;
  return subject.kind === 'grant';
}
