/** The name of a link until its owner gives it one; `taken` are the names of the owner's other links. */
export function freeLabel(hostName: string, taken: ReadonlySet<string>): string {
  const first = `my ${hostName}`;
  if (!taken.has(first)) return first;
  for (let account = 2; account < MOST_ACCOUNTS; account++) {
    const label = `${first}, account ${account}`;
    if (!taken.has(label)) return label;
  }
  return first;
}

const MOST_ACCOUNTS = 1000;

/** SQL, of `link l` at `host h`: its owner has given it a name, as far as the name shows. */
export const IS_NAMED = `not starts_with(l.label, 'my ' || h.name)`;
