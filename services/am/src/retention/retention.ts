import { ANYBODY, noteKeptSince, trimCheckpoints } from '../checkpoints/since-store.ts';
import type { Deps } from '../deps.ts';
import { deleteOldOf, ownersWithShorterRetention } from './owner-store.ts';
import {
  applyStep,
  databaseTime,
  defaultPartition,
  deleteOld,
  type Partitioned,
  readPartitions,
  REVOCATIONS,
  TIMELINE,
  TRANSFERS,
} from './partition-store.ts';
import { fromTomorrow, partitionDays, partitionSteps, type PartitionStep } from './partitions.ts';
import { deleteSettled } from './settled-store.ts';

export type RetentionDeps = Pick<Deps, 'pool' | 'log' | 'checkpointKeys'> & {
  readonly config: Pick<Deps['config'], 'retention'>;
};

/**
 * Drops what has been kept long enough, and makes partitions for what is to come. Any process may do this, also several
 * at once: what one cannot do now, because the table is in use or another process is doing it, is done by the next run.
 * Rows in progress (a transfer without an outcome, a revocation that a Host has not confirmed) are never dropped. What
 * will be deleted is recorded first, so that missing activity can be told from activity that has expired.
 */
export async function retain(deps: RetentionDeps, given: { now?: Date } = {}): Promise<void> {
  const { retention } = deps.config;
  const now = given.now ?? (await databaseTime(deps));
  await keep(deps, TRANSFERS, { now, days: retention.transferDays });
  await keep(deps, REVOCATIONS, { now, days: retention.revocationDays });
  await keep(deps, TIMELINE, { now, days: retention.timelineDays });
  await applyShorterRetention(deps, now);
  const longest = Math.max(retention.transferDays, retention.revocationDays, retention.timelineDays);
  await deleteSettled(deps.pool, { now, days: longest + partitionDays(longest) });
}

async function keep(deps: RetentionDeps, kept: Partitioned, given: { now: Date; days: number }): Promise<void> {
  const { pool, log } = deps;
  const now = given.now.getTime();
  const before = new Date(now - given.days * DAY_MS);
  if (kept.stream !== null) await noteKeptSince(deps, { ownerId: ANYBODY, stream: kept.stream, since: before });
  for (const step of partitionSteps(await readPartitions(pool, kept), { now, days: given.days })) {
    let done: PartitionStep = step;
    let outcome = await applyStep(pool, kept, step);
    if (outcome === 'occupied' && step.kind === 'create') {
      const rest = fromTomorrow(step, now);
      if (rest !== null) outcome = await applyStep(pool, kept, (done = rest));
    }
    if (outcome === 'occupied' && step.kind === 'drop') await deleteOld(pool, kept, { partition: step.name, before });
    if (outcome === 'busy')
      log.info(
        { event: 'partition_busy', table: kept.table, step: done },
        'a partition will be changed by a later run',
      );
    if (outcome === 'done')
      log.info({ event: 'partition', table: kept.table, step: done }, 'a partition was made or dropped');
  }
  await deleteOld(pool, kept, { partition: defaultPartition(kept), before });
  if (kept.stream === null) return;
  // rows whose partition still exists can still be compared
  const [oldest] = await readPartitions(pool, kept);
  const gone = new Date(Math.min(before.getTime(), oldest?.from ?? now));
  await trimCheckpoints(deps, { ownerId: ANYBODY, stream: kept.stream, before: gone });
}

const DAY_MS = 86_400_000;

/** What owners want to keep for a shorter time is deleted row by row. */
async function applyShorterRetention(deps: RetentionDeps, now: Date): Promise<void> {
  for await (const { id: ownerId, keepDays } of ownersWithShorterRetention(deps))
    for (const [kept, stream] of [
      [TRANSFERS, 'asked'],
      [TIMELINE, 'entry'],
    ] as const) {
      const before = new Date(now.getTime() - keepDays * DAY_MS);
      await noteKeptSince(deps, { ownerId, stream, since: before });
      await deleteOldOf(deps, kept, { ownerId, before });
      await trimCheckpoints(deps, { ownerId, stream, before });
    }
}
