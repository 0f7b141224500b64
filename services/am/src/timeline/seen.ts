/** Some of what happened, newest first, as far as it was read. */
export interface Seen<Row, Key> {
  readonly rows: readonly Row[];
  /** How far back rows were read, matching or not; null: to the beginning. */
  readonly until: { readonly at: Date; readonly key: Key } | null;
}

/** The rows that matched, when `seen` rows were read, `looked` at most; `last` is the oldest row read. */
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
