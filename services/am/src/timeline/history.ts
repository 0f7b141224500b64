import { keyPart, type Part } from '@chatelaine/service-kit';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { entrySentence, transferSentence } from './sentences.ts';
import { readEntries, readTransfers } from './store.ts';
import type { Line } from './timeline-page.tsx';

const MOST_BIGINT = 2n ** 63n - 1n;
const entryId = z.string().refine((id) => /^[0-9]{1,19}$/.test(id) && BigInt(id) <= MOST_BIGINT);

/** The last entry that was shown; when the last transfer began that was, and its id. Null where there was none yet. */
export const historyKeySchema = z
  .tuple([entryId.nullable(), keyPart.time.nullable(), keyPart.text.nullable()])
  .readonly();
export type HistoryKey = z.infer<typeof historyKeySchema>;

/** Some of what happened to an owner, newest first: what they decided and the keys that were asked for, each from where the part before left off. */
export async function readHistory(
  deps: Pick<Deps, 'pool'>,
  { ownerId, after, most }: { ownerId: string; after: HistoryKey | null; most: number },
): Promise<Part<Line, HistoryKey>> {
  const [entryBefore, at, id] = after ?? [null, null, null];
  const transferBefore = at === null || id === null ? null : { at: new Date(at), id };
  const [entries, transfers] = await Promise.all([
    readEntries(deps, { ownerId, before: entryBefore, most: most + 1 }),
    readTransfers(deps, { ownerId, before: transferBefore, most: most + 1 }),
  ]);
  const lines: Line[] = [];
  let [told, done] = [0, 0];
  for (;;) {
    const [entry, transfer] = [entries[told], transfers[done]];
    if (entry === undefined && transfer === undefined) return { entries: lines, next: null };
    if (lines.length === most) break;
    if (transfer === undefined || (entry !== undefined && entry.at >= transfer.at)) {
      if (entry !== undefined) lines.push({ at: entry.at, sentence: entrySentence(entry) });
      told += 1;
    } else {
      lines.push({ at: transfer.at, sentence: transferSentence(transfer) });
      done += 1;
    }
  }
  const last = transfers[done - 1];
  return {
    entries: lines,
    next: [entries[told - 1]?.id ?? entryBefore, last?.at.getTime() ?? at, last?.id ?? id],
  };
}
