/** A partition: the rows whose ids were made in this time, in milliseconds since the epoch. */
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
/** There is room for so long, whoever forgets to make more. */
const AHEAD = 7 * DAY;
/** A table has at least so many partitions, however short its rows are kept: none stays an eighth longer. */
const PARTS = 8;
/** And one for each month where they are kept for years: none stays a month longer. */
const LONGEST_DAYS = 31;

/** What is to be done to a table's partitions, in order. `days`: how long its rows are kept. */
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

/** How many days one partition is for. */
export const partitionDays = (days: number): number => Math.min(Math.ceil(days / PARTS), LONGEST_DAYS);

/** The same partition without the days whose rows are in the default partition already: from tomorrow on. */
export function fromTomorrow(step: { from: number; to: number }, now: number): PartitionStep | null {
  const from = midnightBefore(now) + DAY;
  return step.from < from && from < step.to ? { kind: 'create', from, to: step.to } : null;
}

const midnightBefore = (at: number): number => Math.floor(at / DAY) * DAY;

/** `transfer_20261129`: by its first day, UTC. */
export const partitionName = (table: string, from: number): string =>
  `${table}_${new Date(from).toISOString().slice(0, 10).replaceAll('-', '')}`;

/**
 * What sorts before every id made at that time or after; without a prefix, ids are numbers. The SQL functions
 * `time_id_from` and `time_number_from`.
 */
export function boundAt(prefix: string | null, at: number): string {
  if (prefix === null) return String(BigInt(at) << 20n);
  return `${prefix}_${at.toString(16).padStart(12, '0')}`;
}

/** When ids at this bound are made. */
export function timeOfBound(bound: string): number {
  const [, hex] = /_([0-9a-f]{12})$/.exec(bound) ?? [];
  return hex === undefined ? Number(BigInt(bound) >> 20n) : Number.parseInt(hex, 16);
}
