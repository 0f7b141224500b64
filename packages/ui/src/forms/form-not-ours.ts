import { FORM_NOT_OURS } from '../errors/error-answer.ts';
import { Problem } from '../errors/problem.ts';

/** The refusal of a form of another site or another session, or of a form without a token. */
export const formNotOurs = (cause: string): Problem =>
  new Problem(FORM_NOT_OURS.status, FORM_NOT_OURS.sentence, {
    ...(FORM_NOT_OURS.title && { title: FORM_NOT_OURS.title }),
    cause,
  });
