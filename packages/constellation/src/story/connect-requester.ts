import type { Fill } from '../browser/form.ts';
import { type Page, PageError } from '../browser/page.ts';
import type { Person } from '../browser/person.ts';
import { signIn, signInIfAsked } from './accounts.ts';

/** One line of the consent page: may this Requester ask this account at this Host for this scope? */
export interface Question {
  /** As the AM heads it: the Host's name and the owner's name for the account. */
  host: string;
  scope: string;
}

export type Answer = 'allow' | 'ask' | 'no';

export interface ConnectOptions {
  am: { url: string };
  requester: { url: string };
  answers: (question: Question) => Answer;
  /** "And share what I keep here": ticked there, and then answered at the AM. PROTOCOL §2.3. */
  share?: 'link' | 'no';
}

/** A connection from its start to its end: the Requester's form, across to the AM, sign-in and choices there, and back. PROTOCOL §2.1. */
export async function connectRequester(
  person: Person,
  { am, requester, answers, share }: ConnectOptions,
): Promise<Page> {
  await signIn(person, requester.url);
  await person.visit(`${requester.url}/connect`);
  await person.press('Connect', { am: am.url, ...(share !== undefined && { share: true }) });
  await person.follow(/^Continue to /);
  await signInIfAsked(person);
  const back = await answerConsent(person, answers, share === undefined ? {} : { host_half: share });
  if (back.url.origin !== requester.url || back.status !== 200)
    throw new PageError('The connection was not made.', back);
  return back;
}

/** On the AM's consent page: answers every question and presses "Connect". For Requesters that are not ours, too. */
export async function answerConsent(
  person: Person,
  answers: ConnectOptions['answers'],
  more: Fill = {},
): Promise<Page> {
  const questions = person.page.forms
    .flatMap(({ controls }) => controls)
    .filter(({ name }) => name.startsWith('answer:'));
  const choices = questions.map(({ name, under }) => {
    // answer:<link>:<scope>; a scope may contain colons, a link's id does not
    const scope = name.split(':').slice(2).join(':');
    return [name, answers({ host: under.find((heading) => heading.includes(': ')) ?? under.join(' '), scope })];
  });
  return person.press('allow', { ...Object.fromEntries(choices), ...more });
}
