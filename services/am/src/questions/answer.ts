/** The answers that an owner can give to a question. PROTOCOL §3.7. */
export type AskAnswer = Yes | 'not-now' | 'never';

/** `once` is for one transfer; `hour` and `always` are rules. */
export type Yes = 'once' | 'hour' | 'always';

export const ANSWERS: readonly AskAnswer[] = ['once', 'hour', 'always', 'not-now', 'never'];

export const isYes = (answer: AskAnswer): answer is Yes =>
  answer === 'once' || answer === 'hour' || answer === 'always';
