import type { Interaction } from '@chatelaine/oauth-server';
import type { FormParams, ScopeSet } from '@chatelaine/protocol';
import { DURATION_FIELD, durationIn } from '../consent/durations.ts';
import { durationFields, type Outcome } from '../consent/outcome.ts';
import type { Offer, OfferedAccount } from './offer.ts';

/** The field for the account to use, where the owner has several. */
export const ACCOUNT_FIELD = 'account';
/** The field by which the owner allows this app tokens that are bound to no key. */
export const BEARER_FIELD = 'bearer';

/** Whether neither the request nor the app's own metadata promises that it will prove possession of a key. */
export function provesNoKey({ request, client }: Pick<Interaction, 'request' | 'client'>): boolean {
  return request.jkt === null && !client.dpopBound;
}

/** The checkbox for one scope at one account. */
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
  | { readonly kind: 'again'; readonly problem: string; readonly at?: string };

/** Reads the form against what was offered: nothing else can be chosen. */
export function readStockClientForm(offer: Accounts, form: FormParams): ReadStockClientConsent {
  const account = accountIn(offer, form);
  if (account === undefined)
    return { kind: 'again', problem: `Choose one of your accounts at ${offer.hostName}.`, at: ACCOUNT_FIELD };
  const { linkId } = account;
  const scopes = scopesIn(account, form);
  if (scopes.length === 0)
    return { kind: 'again', problem: 'Choose at least one thing it may do, or refuse.', at: scopeField(linkId, '') };
  const duration = durationIn(form);
  if (duration === null) return { kind: 'again', problem: 'Choose for how long.', at: DURATION_FIELD };
  const bearer = offer.bearer && form.get(BEARER_FIELD) === 'allow';
  return { kind: 'consent', linkId, scopes, bearer, lifetimeSeconds: duration.seconds };
}

type Accounts = Extract<Offer, { kind: 'accounts' }>;

const accountIn = ({ accounts }: Accounts, form: FormParams): OfferedAccount | undefined =>
  accounts.length === 1 ? accounts[0] : accounts.find(({ linkId }) => linkId === form.get(ACCOUNT_FIELD));

const scopesIn = ({ linkId, scopes }: OfferedAccount, form: FormParams): ScopeSet =>
  scopes.map(({ scope }) => scope).filter((scope) => form.has(scopeField(linkId, scope)));

/** What the form would grant as it is filled in now. */
export function outcomeIn(offer: Accounts, form: FormParams): Outcome {
  const account = accountIn(offer, form);
  return { allow: account === undefined ? 0 : scopesIn(account, form).length, ask: 0, ...durationFields(form) };
}

/**
 * What the form holds before anybody chooses. Scopes that the request names are filled in as asked for, since such an
 * app cannot ask for more later; where it names none, nothing is chosen.
 */
export function stockChoices(
  offer: Accounts,
  { form, interaction }: { form: FormParams; interaction: Interaction },
): FormParams {
  if (form.size > 0 || interaction.request.scope.length === 0) return form;
  const ticks = offer.accounts.flatMap(({ linkId, scopes }) => scopes.map(({ scope }) => scopeField(linkId, scope)));
  return new Map(ticks.map((name) => [name, 'allow']));
}
