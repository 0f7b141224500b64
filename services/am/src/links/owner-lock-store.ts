import { type Db, defineQuery, run } from '@chatelaine/postgres';

const LOCK = defineQuery({ name: 'links_lock_owner', text: 'select 1 from owner where id = $1 for update' });

/** The owner's row, before any other: several ends of one owner's things take their turns instead of each other's locks. */
export async function lockOwner(tx: Db, ownerId: string): Promise<void> {
  await run(tx, LOCK, [ownerId]);
}
