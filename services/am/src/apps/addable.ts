import { sha256base64url } from '@chatelaine/crypto';
import type { FormParams } from '@chatelaine/protocol';
import type { Effect } from '../rules/rule.ts';
import type { OwnApp } from './app-store.ts';
import { SHOWN_FIELD } from './rules-form.ts';

/** An account of the owner's, with the scopes that the app could ask for there and may not yet. */
export interface AddableAccount {
  readonly linkId: string;
  readonly hostId: string;
  readonly hostName: string;
  /** The owner's name for it. */
  readonly label: string;
  readonly scopes: readonly { readonly scope: string; readonly sentence: string }[];
}

/** What one connection is shown at one Host. */
export interface ShownLink {
  readonly hostId: string;
  readonly linkId: string;
  readonly scopes: readonly string[];
}

/** What the owner adds. Never `deny`: what is not added cannot be asked for anyway. */
export interface AddedScope {
  readonly linkId: string;
  readonly scope: string;
  readonly effect: Exclude<Effect, 'deny'>;
}

/**
 * Whether a connection can be given a scope of a link that it does not have. A connection uses one link at each Host
 * (PROTOCOL §2.1).
 */
export function canBeGiven(shown: readonly ShownLink[], { linkId, hostId }: AddableAccount, scope: string): boolean {
  const there = shown.find((one) => one.hostId === hostId);
  return there === undefined || (there.linkId === linkId && !there.scopes.includes(scope));
}

/**
 * Of these accounts and everything that their Hosts could pass on, what at least one of the connections can be given.
 */
export function addableOf(
  accounts: readonly AddableAccount[],
  connections: readonly (readonly ShownLink[])[],
): AddableAccount[] {
  return accounts
    .map((account) => ({
      ...account,
      scopes: account.scopes.filter(({ scope }) => connections.some((shown) => canBeGiven(shown, account, scope))),
    }))
    .filter(({ scopes }) => scopes.length > 0);
}

const PREFIX = 'add:';
export const addField = (linkId: string, scope: string): string => `${PREFIX}${linkId}:${scope}`;

/** A digest of what the page shows: who the app is, and what it could be given. */
export function offerOf(app: OwnApp, accounts: readonly AddableAccount[]): string {
  const { clientId, clientName, selfName, clientUri, redirectUri, isProven, connections } = app;
  const ids = connections.map(({ id }) => id);
  return sha256base64url(
    JSON.stringify([clientId, clientName, selfName, clientUri, redirectUri, isProven, ids, accounts]),
  );
}

export type ReadAdditions =
  | { readonly kind: 'added'; readonly added: readonly AddedScope[] }
  /** Nothing was chosen. */
  | { readonly kind: 'nothing' }
  /** The form belongs to a page that showed something else, or names what is not offered. */
  | { readonly kind: 'stale' };

/** Reads the form against what is offered now: nothing else can be added. */
export function readAdditions(app: OwnApp, accounts: readonly AddableAccount[], form: FormParams): ReadAdditions {
  if (form.get(SHOWN_FIELD) !== offerOf(app, accounts)) return { kind: 'stale' };
  const known = new Map(
    accounts.flatMap(({ linkId, scopes }) =>
      scopes.map(({ scope }) => [addField(linkId, scope), { linkId, scope }] as const),
    ),
  );
  const added: AddedScope[] = [];
  for (const [field, value] of form) {
    if (!field.startsWith(PREFIX)) continue;
    const offered = known.get(field);
    if (offered === undefined || (value !== 'no' && value !== 'allow' && value !== 'ask')) return { kind: 'stale' };
    if (value !== 'no') added.push({ ...offered, effect: value });
  }
  return added.length === 0 ? { kind: 'nothing' } : { kind: 'added', added };
}
