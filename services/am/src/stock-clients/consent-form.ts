import type { Interaction } from '@chatelaine/oauth-server';
import type { FormParams, ScopeSet } from '@chatelaine/protocol';
import { DURATIONS } from '../consent/consent-form.ts';
import type { Offer } from './offer.ts';

/** Which account, where there are several. */
export const ACCOUNT_FIELD = 'account';
/** The owner lets this app have tokens that are bound to no key. */
export const BEARER_FIELD = 'bearer';

/** Nothing in the request, or in what the app says of itself, promises that it will prove a key. */
export function provesNoKey({ request, client }: Pick<Interaction, 'request' | 'client'>): boolean {
  return request.jkt === null && !client.dpopBound;
}

/** The tick for one scope at one account. */
export function scopeField(linkId: string, scope: string): string {
  return `scope:${linkId}:${scope}`;
}

export type ReadStockClientConsent =
  | {
      readonly kind: 'consent';
      readonly linkId: string;
      readonly scopes: ScopeSet;
      readonly bearer: boolean;
      readonly lifetimeSeconds: number | null;
    }
  | { readonly kind: 'again'; readonly problem: string };

/** Reads the form against what was offered: nothing that was not offered can be chosen. */
export function readStockClientForm(
  offer: Extract<Offer, { kind: 'accounts' }>,
  form: FormParams,
): ReadStockClientConsent {
  const { accounts, hostName } = offer;
  const account =
    accounts.length === 1 ? accounts[0] : accounts.find(({ linkId }) => linkId === form.get(ACCOUNT_FIELD));
  if (account === undefined) return { kind: 'again', problem: `Choose one of your accounts at ${hostName}.` };
  const { linkId } = account;
  const scopes = account.scopes.map(({ scope }) => scope).filter((scope) => form.has(scopeField(linkId, scope)));
  if (scopes.length === 0) return { kind: 'again', problem: 'Choose at least one thing it may do, or refuse.' };
  const duration = DURATIONS.find(({ value }) => value === (form.get('duration') ?? 'open'));
  if (duration === undefined) return { kind: 'again', problem: 'Choose for how long.' };
  const bearer = offer.bearer && form.get(BEARER_FIELD) === 'allow';
  return { kind: 'consent', linkId, scopes, bearer, lifetimeSeconds: duration.seconds };
}
