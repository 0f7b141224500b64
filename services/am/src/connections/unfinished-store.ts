import { defineQuery, inTransaction, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

const FIND = defineQuery<{ id: string }>({
  name: 'requesters_find_unfinished',
  text: `
    select c.id from connection c
    where c.ended_at is null and c.created_at < now() - interval '10 minutes' and not exists (select from oauth_grant g
      where g.id = c.id)
    limit 100 for update skip locked`,
});
// rules first: a rule without its connection would apply to all of them
const REAP = [
  defineQuery({ name: 'requesters_reap_rules', text: 'delete from rule where connection_id = any($1)' }),
  defineQuery({ name: 'requesters_reap_shown', text: 'delete from connection_host where connection_id = any($1)' }),
  defineQuery({ name: 'requesters_reap_connections', text: 'delete from connection where id = any($1)' }),
];

/**
 * Deletes connections that consent began to write and whose grant never came: they grant nothing, and are not in the
 * timeline. Returns how many.
 */
export async function reapUnfinished({ pool }: Pick<Deps, 'pool'>): Promise<number> {
  return inTransaction(pool, async (tx) => {
    const ids = (await run(tx, FIND)).map(({ id }) => id);
    if (ids.length > 0) for (const reap of REAP) await run(tx, reap, [ids]);
    return ids.length;
  });
}
