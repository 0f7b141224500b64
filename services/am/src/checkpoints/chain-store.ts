import { defineQuery, run, runForRow } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import type { Checkpoint, Row, Stream } from './codes.ts';

type Pooled = Pick<Deps, 'pool'>;
interface Of {
  readonly ownerId: string;
  readonly stream: Stream;
}

/** A checkpoint as it is stored; `rows` is null once its rows have been deleted. */
export interface StoredCheckpoint extends Checkpoint {
  readonly mac: Uint8Array;
  readonly rows: { readonly ids: readonly string[]; readonly macs: Uint8Array } | null;
}

interface CheckpointRow {
  owner_id: string;
  stream: Stream;
  number: number;
  count: number;
  total: string;
  last_at: Date;
  last_id: string;
  digest: Buffer;
  previous: Buffer | null;
  mac: Buffer;
  made_at: Date;
  ids: string[] | null;
  macs: Buffer | null;
}

const CHAIN = defineQuery<CheckpointRow>({
  name: 'checkpoints_chain',
  text: 'select * from checkpoint where owner_id = $1 and stream = $2 and number > $3 order by number limit 20',
});

/** An owner's chain from its beginning, read as it is consumed. */
export async function* readChain({ pool }: Pooled, { ownerId, stream }: Of): AsyncGenerator<StoredCheckpoint> {
  let after = 0;
  for (;;) {
    const rows = await run(pool, CHAIN, [ownerId, stream, after]);
    for (const row of rows) yield storedOf(row);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.number;
  }
}

function storedOf(row: CheckpointRow): StoredCheckpoint {
  const { owner_id: ownerId, last_at: lastAt, last_id: lastId, made_at: madeAt, ids, macs, total, ...same } = row;
  const rows = ids === null || macs === null ? null : { ids, macs };
  return { ...same, ownerId, lastAt, lastId, madeAt, total: BigInt(total), rows };
}

/** The position of a row in its stream. */
export type Position = Pick<Checkpoint, 'lastAt' | 'lastId'>;

type Kept = Row & { id: string };

const BETWEEN = {
  entry: defineQuery<Kept>({
    name: 'checkpoints_between_entry',
    text: `select * from timeline_entry where owner_id = $1 and id > $3::bigint and id <= $5::bigint
      and $2::timestamptz is not null and $4::timestamptz is not null order by id limit $6`,
  }),
  asked: defineQuery<Kept>({
    name: 'checkpoints_between_asked',
    text: `select * from transfer where owner_id = $1 and (started_at, id) > ($2::timestamptz, $3)
      and (started_at, id) <= ($4::timestamptz, $5) order by started_at, id limit $6`,
  }),
};
const AMONG = {
  entry: defineQuery<Kept>({
    name: 'checkpoints_among_entry',
    text: 'select * from timeline_entry where id = any ($1::bigint[])',
  }),
  asked: defineQuery<Kept>({
    name: 'checkpoints_among_asked',
    text: 'select * from transfer where id = any ($1::text[])',
  }),
};

/** Comes before every row. */
export const BEGINNING: Position = { lastAt: new Date(0), lastId: '-1' };

/** An owner's rows after one position and up to another, in order. */
export const readBetween = (
  { pool }: Pooled,
  { ownerId, stream, after, upTo, most }: Of & { after: Position; upTo: Position; most: number },
): Promise<readonly Kept[]> =>
  run(pool, BETWEEN[stream], [ownerId, after.lastAt, after.lastId, upTo.lastAt, upTo.lastId, most]);

/** The rows with these ids, wherever they are in the stream and whoever owns them. */
export const readAmong = (
  { pool }: Pooled,
  { stream, ids }: { stream: Stream; ids: readonly string[] },
): Promise<readonly Kept[]> => run(pool, AMONG[stream], [ids]);

const AFTER = {
  entry: defineQuery<{ n: number }>({
    name: 'checkpoints_after_entry',
    text: `select count(*)::int as n from timeline_entry
      where owner_id = $1 and id > $3::bigint and $2::timestamptz is not null`,
  }),
  asked: defineQuery<{ n: number }>({
    name: 'checkpoints_after_asked',
    text: 'select count(*)::int as n from transfer where owner_id = $1 and (started_at, id) > ($2::timestamptz, $3)',
  }),
};

/** How many rows are not in any checkpoint yet. */
export const countAfter = async ({ pool }: Pooled, { ownerId, stream }: Of, after: Position): Promise<number> =>
  (await runForRow(pool, AFTER[stream], [ownerId, after.lastAt, after.lastId])).n;

const OWNERS = defineQuery<{ id: string; name: string }>({
  name: 'checkpoints_owners',
  text: `
    select o.id, coalesce(a.username, o.id) as name from owner o left join account a on a.id = o.id
    where ($1::text is null or a.username = lower($1)) and o.id > $2 order by o.id limit 500`,
});

/** All owners, or the one with this name. */
export async function* readChainOwners(
  { pool }: Pooled,
  name: string | null,
): AsyncGenerator<{ id: string; name: string }> {
  let after = '';
  for (;;) {
    const owners = await run(pool, OWNERS, [name, after]);
    yield* owners;
    const last = owners.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}
