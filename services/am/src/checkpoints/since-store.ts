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

/** Says, before it is deleted, that what is older may be gone from now on. */
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

/** Since when an owner's activity is there; what says so falsely counts for nothing, and is named. */
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

// of each day the last one stays: by it what came after is joined to what came before, and exports of that time are
// still known
const BARE = defineQuery<{ n: number }>({
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

/** Checkpoints whose rows are all gone name them no longer; and one of each day is enough. */
export async function bareCheckpoints(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, stream, before }: { ownerId: string; stream: Stream; before: Date },
): Promise<void> {
  while ((await runForRow(pool, BARE, [stream, before, ownerId])).n === BATCH);
}
