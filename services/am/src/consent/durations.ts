/** How long a consent may last; the owner can stop it at any time. */
export interface Duration {
  readonly value: string;
  readonly label: string;
  readonly hint?: string;
  /** How the button's sentence goes on after what is allowed. */
  readonly words: string;
  readonly seconds: number | null;
}

export const DURATION_FIELD = 'duration';

export const DURATIONS: readonly Duration[] = [
  { value: 'hour', label: '1 hour', words: 'for 1 hour', seconds: 3_600 },
  // the server does not know the person's time zone: 24 hours cover whatever is left of their day
  { value: 'today', label: 'Today', hint: '24 hours', words: 'for 24 hours', seconds: 86_400 },
  { value: 'month', label: '30 days', words: 'for 30 days', seconds: 30 * 86_400 },
  { value: 'open', label: 'Until I stop', words: 'until you stop it', seconds: null },
];

/** The duration that is preselected. */
export const DEFAULT_DURATION = 'open';

/** The duration that a form names; null if there is none such. */
export function durationIn(form: ReadonlyMap<string, string>): Duration | null {
  const given = form.get(DURATION_FIELD) ?? DEFAULT_DURATION;
  return DURATIONS.find(({ value }) => value === given) ?? null;
}
