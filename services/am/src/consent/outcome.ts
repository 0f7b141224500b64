import type { FormParams } from '@chatelaine/protocol';
import { answersFor } from './consent-form.ts';
import { durationIn } from './durations.ts';
import type { OfferedLink } from './offered.ts';

/** The field that holds, for the server, what the button says that the owner agrees to. */
export const NAMED_FIELD = 'named';

/** How much the owner is about to agree to, and for how long. */
export interface Outcome {
  readonly allow: number;
  readonly ask: number;
  /** A duration that exists, by {@link durationIn}; else the default. */
  readonly duration: string;
  /** The duration in words that go on after what is allowed. */
  readonly words: string;
}

/** What a form would agree to as it is filled in now. */
export function outcomeOf(links: readonly OfferedLink[], form: FormParams): Outcome {
  const effects = links.flatMap((link) => answersFor(link, form).map(({ effect }) => effect));
  const allow = effects.filter((effect) => effect === 'allow').length;
  return { allow, ask: effects.length - allow, ...durationFields(form) };
}

export function durationFields(form: FormParams): Pick<Outcome, 'duration' | 'words'> {
  const duration = durationIn(form);
  return { duration: duration?.value ?? '', words: duration?.words ?? '' };
}

// the page's script contains the source of these two functions, so that page and server say the same: they must not
// refer to anything outside themselves

/** The words on the button. `more`: it is added to what the connection has, and lasts as long. */
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

/** The same for the server to compare. */
export function outcomeName({ allow, ask, duration }: Pick<Outcome, 'allow' | 'ask' | 'duration'>): string {
  return `${allow} ${ask} ${duration}`;
}

/**
 * Whether a form agrees to something other than what its button said: without script, the button keeps its words while
 * the owner changes the form. A form without this field agrees to what it holds.
 */
export function isMisnamed(outcome: Outcome, form: FormParams): boolean {
  const named = form.get(NAMED_FIELD);
  return named !== undefined && named !== outcomeName(outcome);
}

/** Why the page is shown again: nobody agrees to anything under words that are no longer true. */
export const MISNAMED = 'You changed something, and the button said what it was before. It now says what it comes to.';
