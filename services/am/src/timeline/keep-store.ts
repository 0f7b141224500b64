import { defineQuery, inTransaction, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import type { Stream } from '../checkpoints/codes.ts';
import { appendToTimeline, lockOwner } from '../links/owner-store.ts';

/** How long an owner's activity is kept, and how much of it is in checkpoints. */
export interface Kept {
  /** As the owner chose, in days; null: as long as the server keeps it. */
  readonly days: number | null;
  readonly checkpoints: readonly {
    readonly stream: Stream;
    readonly number: number;
    readonly total: string;
    readonly lastAt: Date;
  }[];
}

interface KeptRow {
  keep_days: number | null;
  stream: Stream | null;
  number: number;
  total: string;
  last_at: Date;
}
const newest = (stream: Stream): string =>
  `(select stream, number, total, last_at from checkpoint where owner_id = o.id and stream = '${stream}'
    order by number desc limit 1)`;
const KEPT = defineQuery<KeptRow>({
  name: 'timeline_kept',
  text: `select o.keep_days, c.* from owner o
    left join lateral (${newest('entry')} union all ${newest('asked')}) c on true where o.id = $1`,
});

export async function readKept({ pool }: Pick<Deps, 'pool'>, ownerId: string): Promise<Kept> {
  const rows = await run(pool, KEPT, [ownerId]);
  const checkpoints = rows.flatMap(({ stream, number, total, last_at: lastAt }) =>
    stream === null ? [] : [{ stream, number, total, lastAt }],
  );
  return { days: rows[0]?.keep_days ?? null, checkpoints };
}

const KEEP = defineQuery<{ id: string }>({
  name: 'timeline_keep',
  text: 'update owner set keep_days = $2 where id = $1 and keep_days is distinct from $2::int returning id',
});

/** Sets how many days the owner's activity is kept from now on, and writes that into the timeline. */
export async function keepFor(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, days }: { ownerId: string; days: number | null },
): Promise<void> {
  await inTransaction(pool, async (tx) => {
    await lockOwner(tx, ownerId);
    const changed = await run(tx, KEEP, [ownerId, days]);
    if (changed.length > 0) await appendToTimeline(tx, ownerId, 'activity_kept', { days });
  });
}
