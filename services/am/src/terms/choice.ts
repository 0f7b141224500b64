import type { Client } from '@chatelaine/oauth-server';
import type { FormParams } from '@chatelaine/protocol';
import type { Deps, ServedTerms, Terms } from '../deps.ts';

import { type OwnTerms, readOwnTerms } from './own-terms-store.ts';
import { canSign } from './proffer.ts';

/** The fields of a form in which an owner chooses terms. */
export const PREFERRED_FIELD = 'terms';
export const ALTERNATE_FIELD = 'terms-alternate';

/** What an owner can decide about terms when they decide about a Requester. */
export interface TermsOffer {
  /** What can be chosen: the roster, and what the owner has chosen before. */
  readonly choices: readonly ServedTerms[];
  readonly own: OwnTerms;
  /** Whether this Requester could sign. */
  readonly canSign: boolean;
  /** URIs of the terms documents that it says it accepts: a claim, not an acceptance. */
  readonly says: readonly string[];
}

/** What of the offer a page shows, for the digest of what was shown. */
export const shownTerms = ({ choices, own, canSign: able, says }: TermsOffer) => ({
  choices: choices.map(({ reference }) => reference),
  own,
  able,
  says,
});

/**
 * Reads the offer for a client that asks for consent. `stock`: a client that knows neither token exchange nor terms.
 */
export async function readTermsOffer(
  deps: Pick<Deps, 'pool' | 'terms'>,
  { ownerId, client, kind }: { ownerId: string; client: Client; kind: 'requester' | 'stock' },
): Promise<TermsOffer> {
  const own = await readOwnTerms(deps, ownerId);
  const able = kind === 'requester' && canSign(client);
  return { choices: await choicesWith(deps.terms, own.names), own, canSign: able, says: client.acceptsTerms };
}

/** The roster, and other documents that were chosen before: a newer version never replaces an older one by itself. */
export async function choicesWith(terms: Terms, names: readonly string[]): Promise<ServedTerms[]> {
  const beside = names.filter((name) => !terms.roster.some((one) => one.name === name));
  const found = await Promise.all(beside.map((name) => terms.find(name)));
  return [...terms.roster, ...found.filter((one) => one !== null)];
}

export type ReadTerms =
  | { readonly kind: 'terms'; readonly chosen: readonly ServedTerms[] }
  | { readonly kind: 'again'; readonly problem: string; readonly at?: string };

/** What a form chooses of what it offers; without the field, what the owner offers every app. */
export function readTermsForm({ choices, own }: Pick<TermsOffer, 'choices' | 'own'>, form: FormParams): ReadTerms {
  const fields = [PREFERRED_FIELD, ALTERNATE_FIELD];
  const given = form.has(PREFERRED_FIELD) ? fields.map((field) => form.get(field) ?? '') : own.names;
  const names = [...new Set(given.filter((name) => name !== ''))];
  const chosen = names.flatMap((name) => choices.filter((one) => one.name === name));
  return chosen.length === names.length ? { kind: 'terms', chosen } : { kind: 'again', problem: 'Choose your terms.' };
}

/**
 * What a form chooses for a Requester that asks for consent; a problem if the owner accepts only signers, and it would
 * sign nothing.
 */
export function readTermsConsent(offer: TermsOffer, form: FormParams): ReadTerms {
  const { canSign: able, own } = offer;
  if (!able) return own.signersOnly ? { kind: 'again', problem: SIGNERS_ONLY } : { kind: 'terms', chosen: [] };
  const read = readTermsForm(offer, form);
  if (read.kind === 'terms' && read.chosen.length === 0 && own.signersOnly)
    return {
      kind: 'again',
      problem: 'You deal only with apps that sign your terms: choose which.',
      at: PREFERRED_FIELD,
    };
  return read;
}

const SIGNERS_ONLY =
  'You deal only with apps that sign your terms, and this one cannot. Refuse it, or change that under Terms first.';
