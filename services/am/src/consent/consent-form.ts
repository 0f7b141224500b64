import type { FormParams } from '@chatelaine/protocol';
import type { Effect } from '../rules/rule.ts';
import { DURATION_FIELD, durationIn } from './durations.ts';
import type { OfferedLink } from './offered.ts';

/** What the owner lets the Requester ask for at one Host. */
export interface ShownHost {
  readonly hostId: string;
  readonly linkId: string;
  readonly answers: readonly { readonly scope: string; readonly effect: Exclude<Effect, 'deny'> }[];
}

export type ReadConsent =
  | { readonly kind: 'consent'; readonly shown: readonly ShownHost[]; readonly lifetimeSeconds: number | null }
  /** `at`: the field with the problem. */
  | { readonly kind: 'again'; readonly problem: string; readonly at?: string };

/** The field with one answer for everything that an account's `''` stands for. */
export const allField = (linkId: string): string => `all:${linkId}`;

/** The field with the answer for one scope; empty: the account's answer applies. */
export const answerField = (linkId: string, scope: string): string => `answer:${linkId}:${scope}`;

/** The field that lists what the page asked about as a whole, without a field for each scope. */
export const askedField = (linkId: string): string => `asked:${linkId}`;

/**
 * Reads the consent form against what was offered: nothing else can be chosen. The answer for a scope comes before that
 * for its account, which covers only what the page asked about, not what a Host has come to offer since. `least`:
 * whether choosing nothing is an answer, too.
 */
export function readConsentForm(
  offered: readonly OfferedLink[],
  form: FormParams,
  least: 'something' | 'anything' = 'something',
): ReadConsent {
  const shown: ShownHost[] = [];
  for (const link of offered) {
    const answers = answersFor(link, form);
    if (answers.length === 0) continue;
    if (shown.some((other) => other.hostId === link.hostId)) {
      return {
        kind: 'again',
        problem:
          `You chose two accounts at ${link.hostName}. ` +
          'Choose one of them and “Off” at the other. For a second account, connect a second time.',
        at: allField(link.linkId),
      };
    }
    shown.push({ hostId: link.hostId, linkId: link.linkId, answers });
  }
  const [first] = offered;
  if (shown.length === 0 && least === 'something')
    return {
      kind: 'again',
      problem: 'Choose at least one thing it may ask for, or refuse.',
      ...(first !== undefined && { at: allField(first.linkId) }),
    };
  const duration = durationIn(form);
  if (duration === null) return { kind: 'again', problem: 'Choose for how long.', at: DURATION_FIELD };
  return { kind: 'consent', shown, lifetimeSeconds: duration.seconds };
}

/** What a form answers for one account. */
export function answersFor(link: OfferedLink, form: FormParams): ShownHost['answers'] {
  const everything = form.get(allField(link.linkId));
  const asked = (form.get(askedField(link.linkId)) ?? '').split(' ');
  return link.scopes.flatMap(({ scope }) => {
    const own = form.get(answerField(link.linkId, scope)) ?? (asked.includes(scope) ? '' : undefined);
    const effect = own === '' ? everything : own;
    return effect === 'allow' || effect === 'ask' ? [{ scope, effect } as const] : [];
  });
}
