import { defineQuery, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

const NAME = defineQuery<{ id: string }>({
  name: 'apps_name',
  text: `
    insert into app_name (owner_id, client_id, name)
      select c.owner_id, c.client_id, $3 from connection c where c.owner_id = $1 and c.id = $2
    on conflict (owner_id, client_id) do update set name = excluded.name returning client_id as id`,
});
const CLEAR = defineQuery<{ id: string }>({
  name: 'apps_clear_name',
  text: `
    with app as (select c.owner_id, c.client_id from connection c where c.owner_id = $1 and c.id = $2),
      gone as (delete from app_name n using app where n.owner_id = app.owner_id and n.client_id = app.client_id)
    select client_id as id from app`,
});

/**
 * Names the app that this owner's connection belongs to; with null, the app is called by its own name again. False: the
 * owner has no such connection.
 */
export async function nameApp(
  { pool }: Pick<Deps, 'pool'>,
  { id, ownerId, name }: { id: string; ownerId: string; name: string | null },
): Promise<boolean> {
  const row = name === null ? await runOne(pool, CLEAR, [ownerId, id]) : await runOne(pool, NAME, [ownerId, id, name]);
  return row !== null;
}
