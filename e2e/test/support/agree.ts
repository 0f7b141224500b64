import { answerConsent, type Person, type Question, signInIfAsked } from '@chatelaine/constellation';

export type Answers = (question: Question) => 'allow' | 'ask' | 'no';

/**
 * The owner's part of a connection: they open the authorization URL, sign in and answer. Returns the URL to which their
 * browser was sent back; the browser must stop there.
 */
export async function agree(person: Person, authorizationUrl: string | URL, answers: Answers): Promise<URL> {
  await person.visit(authorizationUrl);
  await signInIfAsked(person);
  return (await answerConsent(person, answers)).url;
}
