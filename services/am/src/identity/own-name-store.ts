import { defineQuery, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

const FIND = defineQuery<{ name: string }>({
  name: 'identity_own_name',
  text: 'select name from app_name where owner_id = $1 and client_id = $2',
});

/** The owner's name for an app; null if they have not named it. */
export async function readOwnName(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, clientId }: { ownerId: string; clientId: string },
): Promise<string | null> {
  return (await runOne(pool, FIND, [ownerId, clientId]))?.name ?? null;
}
