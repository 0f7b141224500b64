/** Who reads the feed, and where. */
export interface Reader {
  readonly requester: { readonly url: string };
  readonly accounts: readonly { readonly username: string; readonly password: string }[];
}

/**
 * Signs in to Lifestream and reads the feed until it has all of these entries or the time is up; returns those that are
 * missing.
 */
export async function missingInFeed(
  { requester, accounts }: Reader,
  { entries, withinMs }: { entries: readonly string[]; withinMs: number },
): Promise<readonly string[]> {
  // imported only now: the first start installs what this needs
  const { createPerson, signIn } = await import('@chatelaine/constellation');
  const [{ username, password }] = accounts as [Reader['accounts'][number]];
  const person = createPerson({ username, password });
  try {
    await signIn(person, requester.url);
    const deadline = Date.now() + withinMs;
    for (;;) {
      // Lifestream waits some seconds for a Host, and shows what has arrived
      const { text } = await person.visit(`${requester.url}/`);
      const missing = entries.filter((entry) => !text.includes(entry));
      if (missing.length === 0 || Date.now() > deadline) return missing;
    }
  } finally {
    await person.close();
  }
}
