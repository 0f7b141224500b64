/** A partition: the rows whose ids were made in this span of time, in epoch milliseconds. */
export interface Partition {
  readonly name: string;
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

export type PartitionStep =
  | { readonly kind: 'create'; readonly from: number; readonly to: number }
  | { readonly kind: 'drop'; readonly name: string };

const DAY = 86_400_000;
/** How far ahead partitions are made, so that there is room even if no process makes any for a while. */
const AHEAD = 7 * DAY;
/**
 * The least number of partitions of a table, however briefly its rows are kept: a row stays at most an eighth longer.
 */
const PARTS = 8;
/** The most days of one partition, for rows that are kept for years: a row stays at most a month longer. */
const LONGEST_DAYS = 31;

/** What to do to a table's partitions, in order. `days`: how long its rows are kept. */
export function partitionSteps(
  partitions: readonly Partition[],
  { now, days }: { now: number; days: number },
): readonly PartitionStep[] {
  const width = partitionDays(days) * DAY;
  const steps: PartitionStep[] = partitions
    .filter(({ to }) => to <= now - days * DAY)
    .map(({ name }) => ({ kind: 'drop', name }));
  let end = Math.max(...partitions.map(({ to }) => to), midnightBefore(now));
  while (end < now + AHEAD) {
    steps.push({ kind: 'create', from: end, to: end + width });
    end += width;
  }
  return steps;
}

/** How many days one partition covers. */
export const partitionDays = (days: number): number => Math.min(Math.ceil(days / PARTS), LONGEST_DAYS);

/** The same partition from tomorrow on: earlier days already have rows in the default partition. */
export function fromTomorrow(step: { from: number; to: number }, now: number): PartitionStep | null {
  const from = midnightBefore(now) + DAY;
  return step.from < from && from < step.to ? { kind: 'create', from, to: step.to } : null;
}

const midnightBefore = (at: number): number => Math.floor(at / DAY) * DAY;

/** `transfer_20261129`: a partition is named by its first day, in UTC. */
export const partitionName = (table: string, from: number): string =>
  `${table}_${new Date(from).toISOString().slice(0, 10).replaceAll('-', '')}`;

/**
 * A bound that sorts before every id made at this time or later; without a prefix, ids are numbers. Like the SQL
 * functions `time_id_from` and `time_number_from`.
 */
export function boundAt(prefix: string | null, at: number): string {
  if (prefix === null) return String(BigInt(at) << 20n);
  return `${prefix}_${at.toString(16).padStart(12, '0')}`;
}

/** The time of a bound, in epoch milliseconds. */
export function timeOfBound(bound: string): number {
  const [, hex] = /_([0-9a-f]{12})$/.exec(bound) ?? [];
  return hex === undefined ? Number(BigInt(bound) >> 20n) : Number.parseInt(hex, 16);
}
