import { type Page, PageError } from '../browser/page.ts';
import type { Person } from '../browser/person.ts';

/** Makes an account with the person's name and password at a service, which signs them in. */
export async function signUp(person: Person, serviceUrl: string): Promise<Page> {
  await person.visit(`${serviceUrl}/sign-up`);
  return account(person, 'Create account');
}

/** Signs in on a service's sign-in page. */
export async function signIn(person: Person, serviceUrl: string): Promise<Page> {
  await person.visit(`${serviceUrl}/sign-in`);
  return isSignIn(person.page) ? account(person, 'Sign in') : person.page;
}

/** If the page is a sign-in page, signs in and continues; otherwise does nothing. */
export async function signInIfAsked(person: Person): Promise<Page> {
  return isSignIn(person.page) ? account(person, 'Sign in') : person.page;
}

const isSignIn = (page: Page): boolean => page.url.pathname === '/sign-in';

async function account(person: Person, button: 'Create account' | 'Sign in'): Promise<Page> {
  const { username, password } = person;
  const page = await person.press(button, { username, password });
  if (page.status >= 400) throw new PageError(`"${button}" was refused.`, page);
  return page;
}
