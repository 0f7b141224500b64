import { answerConsent, type Person, type Question, signInIfAsked } from '@chatelaine/constellation';

export type Answers = (question: Question) => 'allow' | 'ask' | 'no';

/** The owner's part of a connection: he opens the authorization address, signs in and chooses. Returns where his browser was sent back to; he must stop there. */
export async function agree(person: Person, authorizationUrl: string | URL, answers: Answers): Promise<URL> {
  await person.visit(authorizationUrl);
  await signInIfAsked(person);
  return (await answerConsent(person, answers)).url;
}
