import { defineQuery, run, runForRow } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { type Since, sinceCode, type Stream } from './codes.ts';

/** Stands for every owner. */
export const ANYBODY = '';

const KEPT = defineQuery({
  name: 'checkpoints_kept_since',
  text: `
    insert into kept_since (owner_id, stream, since, mac) select $1, $2, $3, $4
      where $1 = '' or exists (select from owner where id = $1)
    on conflict (owner_id, stream) do update set since = excluded.since, mac = excluded.mac
      where kept_since.since < excluded.since`,
});

/** Records, before anything is deleted, that older activity may be missing from now on. */
export async function noteKeptSince(
  { pool, checkpointKeys }: Pick<Deps, 'pool' | 'checkpointKeys'>,
  of: Since,
): Promise<void> {
  await run(pool, KEPT, [of.ownerId, of.stream, of.since, sinceCode(checkpointKeys, of)]);
}

const SINCE = defineQuery<{ owner_id: string; since: Date; mac: Buffer }>({
  name: 'checkpoints_since',
  text: `select owner_id, since, mac from kept_since where stream = $2 and owner_id in ($1, '')`,
});

/** The time from which an owner's activity is complete. `forged`: a record of it has a wrong code, and is ignored. */
export async function readKeptSince(
  { pool, checkpointKeys: keys }: Pick<Deps, 'pool' | 'checkpointKeys'>,
  { ownerId, stream }: { ownerId: string; stream: Stream },
): Promise<{ since: Date; forged: boolean }> {
  const rows = await run(pool, SINCE, [ownerId, stream]);
  const isTrue = (row: (typeof rows)[number]) =>
    sinceCode(keys, { ownerId: row.owner_id, stream, since: row.since }).equals(row.mac);
  const good = rows.filter(isTrue);
  return {
    since: new Date(Math.max(0, ...good.map(({ since }) => since.getTime()))),
    forged: good.length < rows.length,
  };
}

const BATCH = 1000;

// the last checkpoint of each day stays: it connects what follows with what came before, and exports from that time can
// still be compared with it
const TRIM = defineQuery<{ n: number }>({
  name: 'checkpoints_bare',
  text: `
    with old as (
      select owner_id, stream, number, exists (
        select from checkpoint n where n.owner_id = c.owner_id and n.stream = c.stream and n.number > c.number
          and n.last_at < $2
          and date_trunc('day', n.last_at, 'UTC') = date_trunc('day', c.last_at, 'UTC')) as another
      from checkpoint c where stream = $1 and last_at < $2 and ids is not null and ($3 = '' or owner_id = $3)
        limit ${BATCH} for update skip locked
    ), gone as (
      delete from checkpoint c using old where another and c.owner_id = old.owner_id and c.stream = old.stream
        and c.number = old.number
    ), bare as (
      update checkpoint c set ids = null, macs = null from old
      where not another and c.owner_id = old.owner_id and c.stream = old.stream and c.number = old.number
    )
    select count(*)::int as n from old`,
});

/** Removes the ids from checkpoints whose rows have all been deleted, and deletes all but one of each day. */
export async function trimCheckpoints(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, stream, before }: { ownerId: string; stream: Stream; before: Date },
): Promise<void> {
  while ((await runForRow(pool, TRIM, [stream, before, ownerId])).n === BATCH);
}
