import type { FormParams } from '@chatelaine/protocol';
import type { Effect } from '../rules/rule.ts';

/** One of the owner's accounts at a Host, as the consent page offers it. */
export interface OfferedLink {
  readonly linkId: string;
  readonly hostId: string;
  readonly hostName: string;
  readonly label: string;
  readonly scopes: readonly { readonly scope: string; readonly sentence: string }[];
}

/** What the owner lets the Requester ask for at one Host. */
export interface ShownHost {
  readonly hostId: string;
  readonly linkId: string;
  readonly answers: readonly { readonly scope: string; readonly effect: Exclude<Effect, 'deny'> }[];
}

export type ReadConsent =
  | { readonly kind: 'consent'; readonly shown: readonly ShownHost[]; readonly lifetimeSeconds: number | null }
  | { readonly kind: 'again'; readonly problem: string };

/** How long a connection may last; the owner can stop it at any time. */
export const DURATIONS: readonly { readonly value: string; readonly label: string; readonly seconds: number | null }[] =
  [
    { value: 'open', label: 'Until I stop it', seconds: null },
    { value: 'year', label: 'For a year', seconds: 365 * 86_400 },
    { value: 'month', label: 'For 30 days', seconds: 30 * 86_400 },
    { value: 'day', label: 'For a day', seconds: 86_400 },
  ];

/** One answer for every account, where the page offers one. */
export const EVERY_ACCOUNT = 'every';

/** One answer for everything an account can share; empty: as every account. */
export function allField(linkId: string): string {
  return `all:${linkId}`;
}

/** The answer for one thing, where it differs from the one for everything; empty: as that. */
export function answerField(linkId: string, scope: string): string {
  return `answer:${linkId}:${scope}`;
}

/** What the page asked about as a whole, without a field for each thing. */
export function askedField(linkId: string): string {
  return `asked:${linkId}`;
}

/** Names of the Hosts where the owner has several accounts: an answer for every account never chooses between those. */
export function hostsWithSeveralAccounts(offered: readonly OfferedLink[]): string[] {
  const hosts = Map.groupBy(offered, ({ hostId }) => hostId).values();
  return [...hosts].flatMap(([first, ...more]) => (first !== undefined && more.length > 0 ? [first.hostName] : []));
}

/**
 * Reads the consent form against what was offered: nothing that was not offered can be chosen. What was said of one thing counts before what
 * was said of everything at its account, and that before what was said of every account, which never chooses between two accounts at one Host.
 * Everything is what the page asked about, not what a Host came to offer since. `least`: whether nothing at all is an answer, too.
 */
export function readConsentForm(
  offered: readonly OfferedLink[],
  form: FormParams,
  least: 'something' | 'anything' = 'something',
): ReadConsent {
  const shown: ShownHost[] = [];
  for (const link of offered) {
    const alone = offered.every((other) => other === link || other.hostId !== link.hostId);
    const answers = answersFor(link, form, alone ? form.get(EVERY_ACCOUNT) : undefined);
    if (answers.length === 0) continue;
    if (shown.some((other) => other.hostId === link.hostId)) {
      return {
        kind: 'again',
        problem: `You chose two accounts at ${link.hostName}. Choose one of them and “Nothing” at the other. For a second account, connect a second time.`,
      };
    }
    shown.push({ hostId: link.hostId, linkId: link.linkId, answers });
  }
  if (shown.length === 0 && least === 'something')
    return { kind: 'again', problem: 'Choose at least one thing it may ask for, or refuse.' };
  const duration = DURATIONS.find(({ value }) => value === (form.get('duration') ?? 'open'));
  if (duration === undefined) return { kind: 'again', problem: 'Choose for how long.' };
  return { kind: 'consent', shown, lifetimeSeconds: duration.seconds };
}

function answersFor(link: OfferedLink, form: FormParams, everyAccount: string | undefined): ShownHost['answers'] {
  const given = form.get(allField(link.linkId));
  const everything = given === '' ? everyAccount : given;
  const asked = (form.get(askedField(link.linkId)) ?? '').split(' ');
  return link.scopes.flatMap(({ scope }) => {
    const own = form.get(answerField(link.linkId, scope)) ?? (asked.includes(scope) ? '' : undefined);
    const effect = own === '' ? everything : own;
    return effect === 'allow' || effect === 'ask' ? [{ scope, effect } as const] : [];
  });
}
