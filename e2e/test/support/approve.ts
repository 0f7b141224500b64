import { type Person, pressAllow, signInIfAsked } from '@chatelaine/constellation';

/**
 * The owner's part with a client that has never heard of an AM: opens the authorization address, signs in if asked,
 * allows these scopes. Returns where their browser was sent back to.
 */
export async function approve(person: Person, address: URL, scopes: readonly string[]): Promise<URL> {
  await person.visit(address);
  const page = await signInIfAsked(person);
  const boxes = page.forms.flatMap(({ controls }) => controls).filter(({ name }) => name.startsWith('scope:'));
  // scope:<link>:<scope>; a link's id has no colon
  const ticks = boxes.map(({ name }) => [name, scopes.includes(name.split(':').slice(2).join(':'))]);
  return (await pressAllow(person, { ...Object.fromEntries(ticks), bearer: true })).url;
}
