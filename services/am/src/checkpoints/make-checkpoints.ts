import type { Deps } from '../deps.ts';
import { checkpointCode, digestOf, rowCode, type Stream, STREAMS } from './codes.ts';
import {
  addCheckpoint,
  type Head,
  type KeptCheckpoint,
  noteProgress,
  type OpenRow,
  readOpen,
  readNext,
  readOwners,
  readProgress,
  readUntil,
  ROWS,
} from './rows-store.ts';

export type CheckpointDeps = Pick<Deps, 'pool' | 'checkpointKeys'>;

/** How much time is searched for rows at once by a process that is behind. */
const STEP_MS = 3_600_000;

/**
 * Adds owners' activity to their chains, as far as it no longer changes. Any process may do this, also several at once.
 * No request waits for it, because it locks no row that a request writes. Returns how many rows it added.
 */
export async function makeCheckpoints(
  deps: CheckpointDeps,
  { afterSeconds }: { afterSeconds: number },
): Promise<number> {
  const { now, until } = await readUntil(deps, { afterSeconds });
  let taken = 0;
  for (const stream of STREAMS) taken += await takeStream(deps, stream, { now, until });
  return taken;
}

const NEVER = Number.POSITIVE_INFINITY;

interface Moment {
  readonly now: Date;
  readonly until: Date;
}

async function takeStream(deps: CheckpointDeps, stream: Stream, moment: Moment): Promise<number> {
  let taken = 0;
  let from = await readProgress(deps, stream);
  let held = NEVER;
  while (from < moment.until) {
    from = (await readNext(deps, stream, from)) ?? moment.until;
    if (from >= moment.until) break;
    const to = new Date(Math.min(from.getTime() + STEP_MS, moment.until.getTime()));
    for (const ownerId of await readOwners(deps, stream, { from, to })) {
      const of = await takeOwner(deps, { ownerId, stream }, moment);
      taken += of.taken;
      held = Math.min(held, of.heldAt);
    }
    from = to;
    await noteProgress(deps, stream, new Date(Math.min(from.getTime(), held)));
  }
  // a row that may still change is looked at again
  await noteProgress(deps, stream, new Date(Math.min(moment.until.getTime(), held)));
  return taken;
}

/**
 * Adds what an owner has by now, checkpoint by checkpoint. `heldAt`: the time of the first row that may still change,
 * in epoch milliseconds.
 */
async function takeOwner(
  deps: CheckpointDeps,
  of: { ownerId: string; stream: Stream },
  moment: Moment,
): Promise<{ taken: number; heldAt: number }> {
  let taken = 0;
  for (;;) {
    const { head, rows } = await readOpen(deps, { ...of, until: moment.until });
    const settled = takeWhileSettled(rows);
    const made = settled.length === 0 ? null : checkpointOf(deps, of, { head, rows: settled, madeAt: moment.now });
    const added = made === null ? 'added' : await addCheckpoint(deps, made);
    if (added === 'nobody') return { taken, heldAt: NEVER };
    if (added === 'busy') return { taken, heldAt: rows[0]?.at.getTime() ?? 0 };
    // another process has just added one, so look again
    if (added === 'elsewhere') continue;
    taken += settled.length;
    if (settled.length < rows.length) return { taken, heldAt: rows[settled.length]?.at.getTime() ?? 0 };
    if (rows.length < ROWS) return { taken, heldAt: NEVER };
  }
}

function checkpointOf(
  { checkpointKeys: keys }: Pick<Deps, 'checkpointKeys'>,
  of: { ownerId: string; stream: Stream },
  { head, rows, madeAt }: { head: Head | null; rows: readonly OpenRow[]; madeAt: Date },
): KeptCheckpoint {
  const before = head?.total ?? 0n;
  const place = (index: number) => ({ stream: of.stream, place: before + BigInt(index + 1) });
  const ids = rows.map(({ id }) => id);
  const macs = Buffer.concat(rows.map(({ row }, index) => rowCode(keys, place(index), row)));
  const checkpoint = {
    ...of,
    number: (head?.number ?? 0) + 1,
    count: rows.length,
    total: before + BigInt(rows.length),
    lastAt: new Date(Math.max(head?.lastAt.getTime() ?? 0, ...rows.map(({ at }) => at.getTime()))),
    lastId: ids.at(-1) ?? '',
    digest: digestOf(ids, macs),
    previous: head?.mac ?? null,
    madeAt,
  };
  return { ...checkpoint, mac: checkpointCode(keys, checkpoint), ids, macs };
}

/** An open transfer holds back everything that began after it, because a chain has one order. */
function takeWhileSettled(rows: readonly OpenRow[]): readonly OpenRow[] {
  const open = rows.findIndex(({ settled }) => !settled);
  return open === -1 ? rows : rows.slice(0, open);
}
