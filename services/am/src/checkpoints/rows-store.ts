import { defineQuery, run, runForRow, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import type { Checkpoint, Row, Stream } from './codes.ts';

type Pooled = Pick<Deps, 'pool'>;

/**
 * A time before which no row will appear any more: the longest transaction is shorter than ten minutes, and when each
 * running one began is known. The last `$1` seconds are left out in any case.
 */
const UNTIL = defineQuery<{ now: Date; until: Date }>({
  name: 'checkpoints_until',
  text: `
    select now() as now, least(now() - make_interval(secs => $1), greatest(now() - interval '10 minutes', coalesce(
      (select min(xact_start) from pg_stat_activity where datname = current_database() and usename = current_user
        and pid <> pg_backend_pid()), now()))) as until`,
});

/** The database's time, and the time before which every row that will ever exist is visible. */
export const readUntil = (
  { pool }: Pooled,
  { afterSeconds }: { afterSeconds: number },
): Promise<{ now: Date; until: Date }> => runForRow(pool, UNTIL, [afterSeconds]);

const PROGRESS = defineQuery<{ before: Date }>({
  name: 'checkpoints_progress',
  text: 'select before from checkpoint_progress where stream = $1',
});
const PROGRESSED = defineQuery({
  name: 'checkpoints_progressed',
  text: 'update checkpoint_progress set before = $2 where stream = $1 and before < $2',
});

/** The time before which a stream is in checkpoints, except for rows that had to wait. */
export async function readProgress({ pool }: Pooled, stream: Stream): Promise<Date> {
  return (await runOne(pool, PROGRESS, [stream]))?.before ?? new Date(0);
}

export async function noteProgress({ pool }: Pooled, stream: Stream, before: Date): Promise<void> {
  await run(pool, PROGRESSED, [stream, before]);
}

const NEXT = {
  entry: defineQuery<{ at: Date | null }>({
    name: 'checkpoints_next_entry',
    text: `select to_timestamp((min(id) >> 20) / 1000.0) as at from timeline_entry
      where id >= time_number_from($1::timestamptz)`,
  }),
  asked: defineQuery<{ at: Date | null }>({
    name: 'checkpoints_next_asked',
    text: 'select min(started_at) as at from transfer where started_at >= $1::timestamptz',
  }),
};

/** The time of the first row from a given time on; null if there is none. */
export const readNext = async ({ pool }: Pooled, stream: Stream, from: Date): Promise<Date | null> =>
  (await runForRow(pool, NEXT[stream], [from])).at;

const OWNERS = {
  entry: defineQuery<{ owner_id: string }>({
    name: 'checkpoints_owners_entry',
    text: `select distinct owner_id from timeline_entry
      where id >= time_number_from($1::timestamptz) and id < time_number_from($2::timestamptz)`,
  }),
  asked: defineQuery<{ owner_id: string }>({
    name: 'checkpoints_owners_asked',
    text: `select distinct owner_id from transfer where started_at >= $1::timestamptz and started_at < $2::timestamptz`,
  }),
};

/** The owners with activity in a span of time. */
export async function readOwners(
  { pool }: Pooled,
  stream: Stream,
  { from, to }: { from: Date; to: Date },
): Promise<readonly string[]> {
  return (await run(pool, OWNERS[stream], [from, to])).map(({ owner_id: ownerId }) => ownerId);
}

/** A row that is in no checkpoint yet. */
export interface OpenRow {
  readonly id: string;
  readonly at: Date;
  /** Whether it no longer changes. */
  readonly settled: boolean;
  readonly row: Row;
}

/** The end of a chain. */
export type Head = Pick<Checkpoint, 'number' | 'total' | 'lastAt'> & { readonly mac: Uint8Array };

interface HeadRow {
  head_number: number | null;
  head_total: string | null;
  head_mac: Buffer | null;
  head_at: Date | null;
}
type OpenRowRow = Row & HeadRow & { head_settled: boolean; id: string; at: Date; started_at: Date };

const HEAD = `(select number as head_number, total as head_total, mac as head_mac, last_at as head_at,
  last_id as head_id
    from checkpoint where owner_id = $1 and stream = $2 order by number desc limit 1)`;
const head = `(values (1)) as one left join ${HEAD} head on true`;

/** The most rows that one checkpoint covers. */
export const ROWS = 1000;

// a closed transfer may be checked once more by the process that closed it, for half a minute
const OPEN = {
  entry: defineQuery<OpenRowRow>({
    name: 'checkpoints_open_entry',
    text: `
      select head_number, head_total, head_mac, head_at, true as head_settled, t.* from ${head}, lateral (
        select * from timeline_entry where owner_id = $1 and id > coalesce(head_id, '-1')::bigint
          and id < time_number_from($3::timestamptz) order by id limit ${ROWS}
      ) t order by t.id`,
  }),
  asked: defineQuery<OpenRowRow>({
    name: 'checkpoints_open_asked',
    text: `
      select head_number, head_total, head_mac, head_at, t.state <> 'intent'
        and t.closed_at < $3::timestamptz - interval '30 seconds' as head_settled, t.* from ${head}, lateral (
        select * from transfer where owner_id = $1 and (started_at, id) > (coalesce(head_at, '-infinity'),
          coalesce(head_id, '')) and started_at < $3::timestamptz
        order by started_at, id limit ${ROWS}
      ) t order by t.started_at, t.id`,
  }),
};

/** The next rows of an owner's stream that are in no checkpoint, in order; and the end of the chain so far. */
export async function readOpen(
  { pool }: Pooled,
  { ownerId, stream, until }: { ownerId: string; stream: Stream; until: Date },
): Promise<{ head: Head | null; rows: readonly OpenRow[] }> {
  const found = await run(pool, OPEN[stream], [ownerId, stream, until]);
  const [first] = found;
  return { head: first === undefined ? null : headOf(first), rows: found.map((row) => openRow(row, stream)) };
}

function headOf({ head_number: number, head_total: total, head_mac: mac, head_at: lastAt }: HeadRow): Head | null {
  if (number === null || total === null || mac === null || lastAt === null) return null;
  return { number, total: BigInt(total), mac, lastAt };
}

function openRow(found: OpenRowRow, stream: Stream): OpenRow {
  const columns = Object.entries(found).filter(([name]) => !name.startsWith('head_'));
  const at = stream === 'entry' ? found.at : found.started_at;
  return { id: found.id, at, settled: found.head_settled, row: Object.fromEntries(columns) };
}

// an owner who is being erased gets no checkpoint; does not wait for a transaction that changes something of theirs
const ADD = defineQuery<{ outcome: Added }>({
  name: 'checkpoints_add',
  text: `
    with owned as (select from owner where id = $1 for key share skip locked), added as (
      insert into checkpoint (owner_id, stream, number, count, total, last_at, last_id, digest, previous, mac, made_at,
        ids, macs)
      select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 from owned on conflict do nothing returning 1
    )
    select case when exists (select from added) then 'added' when exists (select from owned) then 'elsewhere'
      when exists (select from owner where id = $1) then 'busy' else 'nobody' end as outcome`,
});

/** A new checkpoint with the rows that it covers. */
export interface KeptCheckpoint extends Checkpoint {
  readonly mac: Uint8Array;
  readonly ids: readonly string[];
  /** The rows' codes, one after the other. */
  readonly macs: Uint8Array;
}

/**
 * `elsewhere`: another process has made the checkpoint of this number. `busy`: another transaction changes something of
 * the owner's. `nobody`: the owner no longer exists.
 */
export type Added = 'added' | 'elsewhere' | 'busy' | 'nobody';

export async function addCheckpoint({ pool }: Pooled, of: KeptCheckpoint): Promise<Added> {
  const { ownerId, stream, number, count, total, lastAt, lastId, digest, previous, mac, madeAt, ids, macs } = of;
  const values = [
    ownerId,
    stream,
    number,
    count,
    String(total),
    lastAt,
    lastId,
    digest,
    previous,
    mac,
    madeAt,
    ids,
    macs,
  ];
  return (await runForRow(pool, ADD, values)).outcome;
}
