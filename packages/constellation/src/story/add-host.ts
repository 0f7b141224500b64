import { type Page, PageError } from '../browser/page.ts';
import type { Person } from '../browser/person.ts';
import { signIn, signInIfAsked } from './accounts.ts';

export interface AddHostOptions {
  am: { url: string };
  host: { url: string };
  /** Scopes of the ceiling; by default all that the Host offers. */
  ceiling?: readonly string[];
}

/**
 * Makes a link: the AM's form, sign-in and ceiling at the Host, and back. PROTOCOL §2.2.
 */
export async function addHost(person: Person, { am, host, ceiling }: AddHostOptions): Promise<Page> {
  await signIn(person, am.url);
  await person.visit(`${am.url}/hosts/add`);
  await person.press('Continue', { host: host.url });
  await person.follow(/^Continue to /);
  const consent = await signInIfAsked(person);
  const boxes = consent.forms.flatMap(({ controls }) => controls).filter(({ name }) => name.startsWith('allow:'));
  const ticked = (name: string) => ceiling === undefined || ceiling.includes(name.slice('allow:'.length));
  const back = await person.press('allow', Object.fromEntries(boxes.map(({ name }) => [name, ticked(name)])));
  if (back.url.origin !== am.url || back.status !== 200) throw new PageError('The link was not made.', back);
  return back;
}
