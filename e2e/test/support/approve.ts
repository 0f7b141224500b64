import { type Person, pressAllow, signInIfAsked } from '@chatelaine/constellation';

/**
 * The owner's part with a stock client: opens the authorization URL, signs in if asked, and allows these scopes.
 * Returns the URL to which their browser was sent back.
 */
export async function approve(person: Person, address: URL, scopes: readonly string[]): Promise<URL> {
  await person.visit(address);
  const page = await signInIfAsked(person);
  const boxes = page.forms.flatMap(({ controls }) => controls).filter(({ name }) => name.startsWith('scope:'));
  // scope:<link>:<scope>; the id of a link contains no colon
  const ticks = boxes.map(({ name }) => [name, scopes.includes(name.split(':').slice(2).join(':'))]);
  return (await pressAllow(person, { ...Object.fromEntries(ticks), bearer: true })).url;
}
