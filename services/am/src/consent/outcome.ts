import type { FormParams } from '@chatelaine/protocol';
import { answersFor } from './consent-form.ts';
import { durationIn } from './durations.ts';
import type { OfferedLink } from './offered.ts';

/** What the button that agrees says, for a machine: its form carries it. */
export const NAMED_FIELD = 'named';

/** How much somebody is about to agree to, and for how long. */
export interface Outcome {
  readonly allow: number;
  readonly ask: number;
  /** A {@link durationIn} that there is, or the first. */
  readonly duration: string;
  /** It, in words that go on after what is allowed. */
  readonly words: string;
}

/** What a form comes to as it stands. */
export function outcomeOf(links: readonly OfferedLink[], form: FormParams): Outcome {
  const effects = links.flatMap((link) => answersFor(link, form).map(({ effect }) => effect));
  const allow = effects.filter((effect) => effect === 'allow').length;
  return { allow, ask: effects.length - allow, ...durationFields(form) };
}

export function durationFields(form: FormParams): Pick<Outcome, 'duration' | 'words'> {
  const duration = durationIn(form);
  return { duration: duration?.value ?? '', words: duration?.words ?? '' };
}

// the page's script has these two as they stand here, so that both say the same: they use nothing around them

/** The words on the button. `more`: it is added to what there is, and lasts as long. */
export function outcomeWords(
  { allow, ask, words }: Pick<Outcome, 'allow' | 'ask' | 'words'>,
  kind: 'anew' | 'more' = 'anew',
): string {
  const things = (count: number): string => (count === 1 ? '1 thing' : `${count} things`);
  if (kind === 'more') {
    const parts = [allow > 0 && `allow ${things(allow)}`, ask > 0 && `ask for ${things(ask)}`].filter(Boolean);
    return parts.length === 0 ? 'Go on as it is' : `Add: ${parts.join(', ')}`;
  }
  if (allow === 0 && ask === 0) return 'Allow nothing yet';
  if (ask === 0) return `Allow ${things(allow)} ${words}`;
  if (allow === 0) return `Let it ask for ${things(ask)} ${words}`;
  return `Allow ${things(allow)}, ask for ${ask} more, ${words}`;
}

/** The same for a machine. */
export function outcomeName({ allow, ask, duration }: Pick<Outcome, 'allow' | 'ask' | 'duration'>): string {
  return `${allow} ${ask} ${duration}`;
}

/**
 * Whether a form agrees to something else than its button said. Where no script runs, a button keeps its words while
 * somebody chooses. A form whose button said nothing agrees to what it holds.
 */
export function isMisnamed(outcome: Outcome, form: FormParams): boolean {
  const named = form.get(NAMED_FIELD);
  return named !== undefined && named !== outcomeName(outcome);
}

/** Why the page comes again: nothing is agreed to under words that are not true. */
export const MISNAMED = 'You changed something, and the button said what it was before. It now says what it comes to.';
