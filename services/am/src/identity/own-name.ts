import { displayText, type FormParams, withoutStrayJoiners } from '@chatelaine/protocol';
import { Problem } from '@chatelaine/ui';

/** The most characters of an owner's name for an app. */
export const OWN_NAME_CHARS = 60;
const OWN_NAME = displayText(OWN_NAME_CHARS);

/** The name that an owner entered in a form, checked as a client's own name is; null if they left it empty. */
export function ownNameIn(form: FormParams, field: string): string | null {
  const name = withoutStrayJoiners(form.get(field) ?? '').trim();
  if (name === '') return null;
  if (!OWN_NAME.safeParse(name).success)
    throw new Problem(
      400,
      `A name has at most ${OWN_NAME_CHARS} characters, all of them visible. Go back and choose another one.`,
    );
  return name;
}
