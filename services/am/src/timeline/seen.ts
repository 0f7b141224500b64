/** Some of what happened, newest first. */
export interface Seen<Row, Key> {
  readonly rows: readonly Row[];
  /** How far back was looked, whatever was found; null: to the beginning. */
  readonly until: { readonly at: Date; readonly key: Key } | null;
}

/** Whatever was found among those that were looked at: `seen` of `looked` at most, the `last` of them the oldest. */
export function seenOf<Row extends { readonly at: Date }, Key>(
  rows: readonly Row[],
  of: {
    most: number;
    looked: number;
    seen: number;
    last: Seen<Row, Key>['until'];
    keyOf: (row: Row) => Key;
  },
): Seen<Row, Key> {
  const shown = rows.at(-1);
  if (rows.length === of.most && shown !== undefined) return { rows, until: { at: shown.at, key: of.keyOf(shown) } };
  return { rows, until: of.seen < of.looked ? null : of.last };
}
