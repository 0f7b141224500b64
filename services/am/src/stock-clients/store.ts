import { defineQuery, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

const RESOURCE = defineQuery<{ resource: string | null }>({
  name: 'facade_resource',
  text: 'select resource from connection where id = $1 and owner_id = $2 and ended_at is null',
});

/** The resource of such a connection; null when the connection is gone. */
export async function readResource(
  { pool }: Pick<Deps, 'pool'>,
  { connectionId, ownerId }: { connectionId: string; ownerId: string },
): Promise<string | null> {
  return (await runOne(pool, RESOURCE, [connectionId, ownerId]))?.resource ?? null;
}
