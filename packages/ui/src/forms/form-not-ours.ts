import { FORM_NOT_OURS } from '../errors/error-answer.ts';
import { Problem } from '../errors/problem.ts';

/** A form of another site, of another session, or of nobody. */
export const formNotOurs = (cause: string): Problem =>
  new Problem(FORM_NOT_OURS.status, FORM_NOT_OURS.sentence, {
    ...(FORM_NOT_OURS.title && { title: FORM_NOT_OURS.title }),
    cause,
  });
