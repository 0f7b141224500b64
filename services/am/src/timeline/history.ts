import { ENTRIES_A_PAGE, keyPart, type Part } from '@chatelaine/ui';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { type Asked, type AskedKey, readAsked } from './asked-store.ts';
import { type Entry, readEntries } from './entries-store.ts';
import type { Filter, Folding } from './filter.ts';

const MOST_BIGINT = 2n ** 63n - 1n;
const entryId = z.string().refine((id) => /^[0-9]{1,19}$/.test(id) && BigInt(id) <= MOST_BIGINT);

/**
 * The last entry that was shown; the last request for a token that was shown, as its time and id. Null if none was
 * shown yet.
 */
export const historyKeySchema = z
  .tuple([entryId.nullable(), keyPart.time.nullable(), keyPart.text.nullable()])
  .readonly();
export type HistoryKey = z.infer<typeof historyKeySchema>;

/** One thing that happened. */
export type Happened =
  | { readonly kind: 'entry'; readonly at: Date; readonly entry: Entry }
  | { readonly kind: 'asked'; readonly at: Date; readonly asked: Asked };

interface Reading {
  readonly ownerId: string;
  readonly filter: Filter;
  readonly after: HistoryKey | null;
  readonly most: number;
}

/**
 * Reads some of what happened to an owner, newest first: entries of the timeline and requests for tokens, each
 * continued where the part before ended. `take` may leave one for the next part. Where a filter matches little, a part
 * may be empty although more parts follow.
 */
export async function readHistory(
  deps: Pick<Deps, 'pool'>,
  { ownerId, filter, after, most }: Reading,
  take: (one: Happened) => boolean = () => true,
): Promise<Part<Happened, HistoryKey>> {
  const [entryBefore, at, id] = after ?? [null, null, null];
  const askedBefore: AskedKey | null = at === null || id === null ? null : [new Date(at), id];
  const [entries, asked] = await Promise.all([
    readEntries(deps, { ownerId, filter, before: entryBefore, most: most + 1 }),
    readAsked(deps, { ownerId, filter, before: askedBefore, most: most + 1 }),
  ]);
  // one of the two was read back to here only, so nothing older of the other may be shown yet
  const horizon = Math.max(entries.until?.at.getTime() ?? 0, asked.until?.at.getTime() ?? 0);
  const found = merged(entries.rows, asked.rows).filter((one) => one.at.getTime() >= horizon);
  const shown: Happened[] = [];
  for (const one of found) {
    if (shown.length === most || !take(one)) break;
    shown.push(one);
  }
  const lastEntry = shown.findLast((one) => one.kind === 'entry')?.entry.id ?? entryBefore;
  const lastAsked = shown.findLast((one) => one.kind === 'asked')?.asked;
  const askedKey: AskedKey | null = lastAsked === undefined ? askedBefore : [lastAsked.at, lastAsked.id];
  if (shown.length < found.length) return { entries: shown, next: keyOf(lastEntry, askedKey) };
  if (entries.until === null && asked.until === null) return { entries: shown, next: null };
  // everything that was found is shown, so whichever was read as far as the horizon continues behind it
  const reached = (until: { at: Date } | null): boolean => until !== null && until.at.getTime() === horizon;
  return {
    entries: shown,
    next: keyOf(
      reached(entries.until) ? (entries.until?.key ?? null) : lastEntry,
      reached(asked.until) ? (asked.until?.key ?? null) : askedKey,
    ),
  };
}

const keyOf = (entry: string | null, asked: AskedKey | null): HistoryKey => [
  entry,
  asked?.[0].getTime() ?? null,
  asked?.[1] ?? null,
];

function merged(entries: readonly Entry[], asked: readonly Asked[]): Happened[] {
  const all: Happened[] = [];
  let [e, a] = [0, 0];
  for (;;) {
    const [entry, one] = [entries[e], asked[a]];
    if (entry !== undefined && (one === undefined || entry.at >= one.at)) {
      all.push({ kind: 'entry', at: entry.at, entry });
      e += 1;
    } else if (one !== undefined) {
      all.push({ kind: 'asked', at: one.at, asked: one });
      a += 1;
    } else return all;
  }
}

/** Things of the same kind on one day: the newest of them, how many, and since when. */
export interface Folded {
  readonly newest: Happened;
  readonly since: Date;
  readonly count: number;
}

/** How many rows are read for one page of lines. */
const ROWS = 400;

/** Reads a page of lines. What an app asked for repeatedly on the same day with the same outcome is one line. */
export async function readLines(
  deps: Pick<Deps, 'pool'>,
  { folding, ...of }: Omit<Reading, 'most'> & { folding: Folding },
): Promise<Part<Folded, HistoryKey>> {
  const lines = new Map<string, Folded>();
  const { next } = await readHistory(deps, { ...of, most: ROWS }, (one) => {
    const alike = folding === 'each' || one.kind === 'entry' ? idOf(one) : sameness(one.asked);
    const line = lines.get(alike);
    if (line === undefined && lines.size === ENTRIES_A_PAGE) return false;
    lines.set(alike, { newest: line?.newest ?? one, since: one.at, count: (line?.count ?? 0) + 1 });
    return true;
  });
  return { entries: [...lines.values()], next };
}

const idOf = (one: Happened): string => (one.kind === 'entry' ? one.entry.id : one.asked.id);

function sameness({ at, clientId, link, resource, scopes, state, error, bearer }: Asked): string {
  return JSON.stringify([at.toISOString().slice(0, 10), clientId, link?.id ?? resource, scopes, state, error, bearer]);
}
