/** How a link is called until its owner names it: `taken` are the names of their others. */
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

/** SQL, of `link l` at `host h`: its owner has named it, as far as the name tells. */
export const IS_NAMED = `not starts_with(l.label, 'my ' || h.name)`;
