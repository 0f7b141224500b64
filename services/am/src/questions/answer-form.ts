import type { FormParams } from '@chatelaine/protocol';
import { ICON_CHANGED, iconChanged } from '../identity/icon-field.ts';
import { ANSWERS, type AskAnswer, isYes } from './answer.ts';
import { scopeField } from './ask-page.tsx';
import { shownOf } from './shown.ts';
import type { OpenAsk } from './store.ts';

export type AnswerForm =
  | { readonly kind: 'answer'; readonly answer: AskAnswer; readonly chosen: readonly string[] }
  /** Everything that the app has is to end. */
  | { readonly kind: 'block' }
  | { readonly kind: 'again'; readonly problem: string; readonly chosen?: readonly string[] };

/** Reads the owner's answer to the question as it was shown to them. */
export function readAnswerForm(ask: OpenAsk, form: FormParams): AnswerForm {
  const given = form.get('answer');
  const answer = ANSWERS.find((known) => known === given);
  if (answer === undefined && given !== 'block') return { kind: 'again', problem: NO_ANSWER };
  if (form.get('shown') !== shownOf(ask)) return { kind: 'again', problem: CHANGED };
  if (iconChanged(form, ask.iconId)) return { kind: 'again', problem: ICON_CHANGED };
  if (answer === undefined) return { kind: 'block' };
  const all = ask.scopes.map(({ scope }) => scope);
  const chosen = all.length === 1 ? all : all.filter((scope) => form.has(scopeField(scope)));
  if (isYes(answer) && chosen.length === 0) return { kind: 'again', problem: NOTHING_TICKED, chosen };
  return { kind: 'answer', answer, chosen };
}

const NO_ANSWER = 'Press one of the buttons below to answer.';
const NOTHING_TICKED = 'Nothing is ticked, so nothing was answered. Tick what you allow, or press “Not now”.';
const CHANGED =
  'The question has changed since it was shown to you, so nothing was answered. ' +
  'This is how it is now: look at it again, then answer.';
