import { defineQuery, type Pool, run, runForRow } from '@chatelaine/postgres';
import type { Partitioned } from './partition-store.ts';

interface Pooled {
  readonly pool: Pool;
}

const KEEPERS = defineQuery<{ id: string; keep_days: number }>({
  name: 'retention_keepers',
  text: 'select id, keep_days from owner where keep_days is not null and id > $1 order by id limit 500',
});

/** Owners who have chosen how many days their activity is kept. */
export async function* ownersWithShorterRetention({ pool }: Pooled): AsyncGenerator<{ id: string; keepDays: number }> {
  let after = '';
  for (;;) {
    const owners = await run(pool, KEEPERS, [after]);
    for (const { id, keep_days: keepDays } of owners) yield { id, keepDays };
    const last = owners.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

const BATCH = 1000;
const BATCHES = 1000;

const deleting = ({ table, at, underWay }: Partitioned, key: string) =>
  defineQuery<{ n: number }>({
    name: `retention_of_owner_${table}`,
    text: `
      with gone as (
        delete from ${table} where owner_id = $1 and (${key}) in (
          select ${key} from ${table} where owner_id = $1 and ${at} < $2 and not (${underWay}) limit ${BATCH})
        returning 1
      ) select count(*)::int as n from gone`,
  });

/** Deletes an owner's rows from before a time, in batches; rows that are in progress stay. */
export async function deleteOldOf(
  { pool }: Pooled,
  kept: Partitioned,
  { ownerId, before }: { ownerId: string; before: Date },
): Promise<void> {
  const query = deleting(kept, kept.prefix === null ? 'id' : 'bucket, id');
  for (let batch = 0; batch < BATCHES; batch++) if ((await runForRow(pool, query, [ownerId, before])).n < BATCH) return;
}
