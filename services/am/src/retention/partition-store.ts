import { defineQuery, inTransaction, type Pool, run, runOne } from '@chatelaine/postgres';
import type { Stream } from '../checkpoints/codes.ts';
import { boundAt, type Partition, type PartitionStep, partitionName, timeOfBound } from './partitions.ts';

/** A table that is partitioned by ids which sort by time. */
export interface Partitioned {
  readonly table: 'transfer' | 'revocation' | 'timeline_entry';
  /** The stream of activity that its rows are; null if they are none. */
  readonly stream: Stream | null;
  /** The prefix of its ids; null if they are numbers. */
  readonly prefix: string | null;
  /** SQL: the time of a row. */
  readonly at: string;
  /** SQL: rows that are in progress, and never dropped however old they are. */
  readonly underWay: string;
  /** SQL: a condition that all of those meet, and that an index serves. */
  readonly underWayIn: string;
  /** How full its pages are filled, in percent: rows that are updated need room beside them. */
  readonly fillfactor: number;
}

export const TRANSFERS: Partitioned = {
  table: 'transfer',
  stream: 'asked',
  prefix: 'tr',
  at: 'started_at',
  underWay: `state = 'intent'`,
  underWayIn: 'started_at >= (select before from transfer_settled)',
  fillfactor: 60,
};
export const REVOCATIONS: Partitioned = {
  table: 'revocation',
  stream: null,
  prefix: 'rev',
  at: 'created_at',
  underWay: `state = 'pending'`,
  underWayIn: 'true',
  fillfactor: 100,
};
export const TIMELINE: Partitioned = {
  table: 'timeline_entry',
  stream: 'entry',
  prefix: null,
  at: 'at',
  underWay: 'false',
  underWayIn: 'true',
  fillfactor: 100,
};

const NOW = defineQuery<{ now: Date }>({ name: 'retention_now', text: 'select now()' });

/** The database's time: no process drops by its own clock what another would keep. */
export async function databaseTime({ pool }: { readonly pool: Pool }): Promise<Date> {
  return (await runOne(pool, NOW))?.now ?? new Date(0);
}

const PARTITIONS = defineQuery<{ name: string; bound: string }>({
  name: 'retention_partitions',
  text: `
    select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound
    from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = to_regclass($1)`,
});

/** The partitions of a table that are for a time, earliest first; the default partition is not included. */
export async function readPartitions(db: Pick<Pool, 'query'>, { table }: Partitioned): Promise<readonly Partition[]> {
  const rows = await run(db, PARTITIONS, [table]);
  return rows
    .flatMap(({ name, bound }) => {
      const [, from, to] = /^FOR VALUES FROM \('(.+)'\) TO \('(.+)'\)$/.exec(bound) ?? [];
      return from === undefined || to === undefined ? [] : [{ name, from: timeOfBound(from), to: timeOfBound(to) }];
    })
    .toSorted((a, b) => a.from - b.from);
}

/** How long a change of partitions waits for transactions that use the table, and later ones wait for it. */
const LOCK_WAIT = '100ms';
const MANY_STEPS_AT_ONCE = 20_261_129;

export type StepOutcome =
  | 'done'
  /** Another process is doing it. */
  | 'elsewhere'
  /** The table is in use; the next run tries again. */
  | 'busy'
  /** A row in it is in progress, or rows of its time are in the default partition. */
  | 'occupied';

/** Creates or drops one partition, all or nothing. Never waits longer than {@link LOCK_WAIT}. */
export async function applyStep(pool: Pool, kept: Partitioned, step: PartitionStep): Promise<StepOutcome> {
  try {
    return await inTransaction(pool, async (tx) => {
      await tx.query(`set local lock_timeout = '${LOCK_WAIT}'`);
      const { rows } = await tx.query<{ mine: boolean }>('select pg_try_advisory_xact_lock($1) as mine', [
        MANY_STEPS_AT_ONCE,
      ]);
      if (rows[0]?.mine !== true) return 'elsewhere';
      if (step.kind === 'create') await tx.query(creationOf(kept, step));
      else await drop(tx, kept, step.name);
      return 'done';
    });
  } catch (error) {
    const outcome = OUTCOMES[codeOf(error)];
    if (outcome === undefined) throw error;
    return outcome;
  }
}

const OUTCOMES: Readonly<Record<string, StepOutcome>> = {
  '55P03': 'busy', // lock_not_available
  '23514': 'occupied', // check_violation: rows of that time are in the default partition
  '42P07': 'elsewhere', // duplicate_table: another process made it after we looked and before we locked
  '42P17': 'elsewhere', // invalid_object_definition: or one that overlaps with it
  '42P01': 'elsewhere', // undefined_table: another process dropped it
};
const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

// made separately and then attached, which does not block reading or writing the table
function creationOf({ table, prefix, fillfactor }: Partitioned, { from, to }: { from: number; to: number }): string {
  const name = partitionName(table, from);
  return `
    create table "${name}" (like "${table}" including defaults including constraints) with (fillfactor = ${fillfactor});
    alter table "${table}" attach partition "${name}" for values from ('${boundAt(prefix, from)}')
      to ('${boundAt(prefix, to)}')`;
}

async function drop(
  tx: Pick<Pool, 'query'>,
  { table, underWay, underWayIn }: Partitioned,
  name: string,
): Promise<void> {
  await tx.query(`alter table "${table}" detach partition "${name}"`);
  // until this commits, the lock keeps others from writing to the partition and from seeing it detached
  const { rowCount } = await tx.query(`select from "${name}" where ${underWay} and ${underWayIn} limit 1`);
  if (rowCount !== 0) throw new Occupied();
  await tx.query(`drop table "${name}"`);
}

/** A row in a partition is in progress. */
class Occupied extends Error {
  readonly code = '23514';
}

const BATCH = 1000;
const BATCHES = 100;

/** Deletes expired rows one by one where their partition cannot be dropped. Returns how many. */
export async function deleteOld(
  pool: Pool,
  { at, underWay }: Partitioned,
  { partition, before }: { partition: string; before: Date },
): Promise<number> {
  const text = `with old as (
      select ctid from "${partition}" where ${at} < $1 and not (${underWay}) limit ${BATCH} for update skip locked
    ) delete from "${partition}" where ctid in (select ctid from old)`;
  let total = 0;
  for (let batch = 0; batch < BATCHES; batch++) {
    const deleted = (await pool.query(text, [before])).rowCount ?? 0;
    total += deleted;
    if (deleted < BATCH) break;
  }
  return total;
}

/** The partition for rows that belong in no other. */
export const defaultPartition = ({ table }: Partitioned): string => `${table}_default`;
