import type { Fill } from '../browser/form.ts';
import { type Page, PageError } from '../browser/page.ts';
import type { Person } from '../browser/person.ts';
import { signIn, signInIfAsked } from './accounts.ts';

/** One line of the consent page: may this Requester ask this account at this Host for this scope? */
export interface Question {
  /** The heading at the AM: the Host's name, and the owner's name for the account. */
  host: string;
  scope: string;
}

export type Answer = 'allow' | 'ask' | 'no';

export interface ConnectOptions {
  am: { url: string };
  requester: { url: string };
  answers: (question: Question) => Answer;
  /** Ticks "And share what I keep here" at the Requester, and answers it at the AM. PROTOCOL §2.3. */
  share?: 'link' | 'no';
  /** Name of the terms that the Requester is asked to sign; by default those that the page proposes. PROTOCOL §10. */
  terms?: string;
}

/**
 * Makes a connection: the Requester's form, sign-in and choices at the AM, and back. PROTOCOL §2.1.
 */
export async function connectRequester(
  person: Person,
  { am, requester, answers, share, terms }: ConnectOptions,
): Promise<Page> {
  await signIn(person, requester.url);
  await person.visit(`${requester.url}/connect`);
  await person.press('Connect', { am: am.url, ...(share !== undefined && { share: true }) });
  await person.follow(/^Continue to /);
  await signInIfAsked(person);
  const back = await answerConsent(person, answers, {
    ...(share !== undefined && { host_half: share }),
    ...(terms !== undefined && { terms }),
  });
  if (back.url.origin !== requester.url || back.status !== 200)
    throw new PageError('The connection was not made.', back);
  return back;
}

/** Answers every question on the AM's consent page, and allows the connection, for any Requester. */
export async function answerConsent(
  person: Person,
  answers: ConnectOptions['answers'],
  more: Fill = {},
): Promise<Page> {
  const controls = person.page.forms.flatMap((form) => form.controls);
  const choices = controls
    .filter(({ name }) => name.startsWith('answer:'))
    .map(({ name, kind }) => {
      // answer:<link>:<scope>, where the scope may contain colons, and the link's id cannot
      const [, link = '', ...scope] = name.split(':');
      const over = controls.find((one) => one.name === `all:${link}`)?.under ?? [];
      const host = over.find((heading) => heading.includes(': ')) ?? over.join(' ');
      // if there is only one scope, it is answered by the account's switch
      return [kind === 'hidden' ? `all:${link}` : name, answers({ host, scope: scope.join(':') })];
    });
  return pressAllow(person, { ...Object.fromEntries(choices), ...more });
}

/** Fills in a consent page, and presses the button that allows it. */
export async function pressAllow(person: Person, fill: Fill): Promise<Page> {
  const page = await person.press('allow', fill);
  // without a script the button's label is out of date; the page says so, and what would be allowed now
  return page.text.includes('It now says what it comes to') ? person.press('allow') : page;
}
