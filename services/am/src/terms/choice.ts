import type { Client } from '@chatelaine/oauth-server';
import type { FormParams } from '@chatelaine/protocol';
import type { Deps, ServedTerms, Terms } from '../deps.ts';

import { type OwnTerms, readOwnTerms } from './own-terms-store.ts';
import { canSign } from './proffer.ts';

/** The fields of a form in which somebody chooses terms. */
export const PREFERRED_FIELD = 'terms';
export const ALTERNATE_FIELD = 'terms-alternate';

/** What there is to decide about terms where somebody decides on a Requester. */
export interface TermsOffer {
  /** What can be chosen: the roster, and what the owner has chosen before. */
  readonly choices: readonly ServedTerms[];
  readonly own: OwnTerms;
  /** Whether this Requester could sign. */
  readonly canSign: boolean;
  /** Addresses of terms documents that it says it accepts: its word, and no acceptance. */
  readonly says: readonly string[];
}

/** What of it stands on a page, for the digest of what was shown. */
export const shownTerms = ({ choices, own, canSign: able, says }: TermsOffer) => ({
  choices: choices.map(({ reference }) => reference),
  own,
  able,
  says,
});

/** Reads it for a client that asks for consent. `stock`: it speaks no token exchange, and nothing of this either. */
export async function readTermsOffer(
  deps: Pick<Deps, 'pool' | 'terms'>,
  { ownerId, client, kind }: { ownerId: string; client: Client; kind: 'requester' | 'stock' },
): Promise<TermsOffer> {
  const own = await readOwnTerms(deps, ownerId);
  const able = kind === 'requester' && canSign(client);
  return { choices: await choicesWith(deps.terms, own.names), own, canSign: able, says: client.acceptsTerms };
}

/** The roster, and those beside it that were chosen before: a newer version never takes the place of one by itself. */
export async function choicesWith(terms: Terms, names: readonly string[]): Promise<ServedTerms[]> {
  const beside = names.filter((name) => !terms.roster.some((one) => one.name === name));
  const found = await Promise.all(beside.map((name) => terms.find(name)));
  return [...terms.roster, ...found.filter((one) => one !== null)];
}

export type ReadTerms =
  | { readonly kind: 'terms'; readonly chosen: readonly ServedTerms[] }
  | { readonly kind: 'again'; readonly problem: string; readonly at?: string };

/** What a form chooses of what it was offered. Without the field: what the owner offers everybody. */
export function readTermsForm({ choices, own }: Pick<TermsOffer, 'choices' | 'own'>, form: FormParams): ReadTerms {
  const fields = [PREFERRED_FIELD, ALTERNATE_FIELD];
  const given = form.has(PREFERRED_FIELD) ? fields.map((field) => form.get(field) ?? '') : own.names;
  const names = [...new Set(given.filter((name) => name !== ''))];
  const chosen = names.flatMap((name) => choices.filter((one) => one.name === name));
  return chosen.length === names.length ? { kind: 'terms', chosen } : { kind: 'again', problem: 'Choose your terms.' };
}

/** What a form chooses for a Requester that asks for consent, one that only wants signers included. */
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
