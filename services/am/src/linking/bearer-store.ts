import { defineQuery, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { underOwner } from '../links/owner-store.ts';

const OWN_LINK = defineQuery({ name: 'hosts_own_link', text: 'select 1 from link where id = $1 and owner_id = $2' });
const STOP = defineQuery<{ ended: boolean }>({
  name: 'hosts_stop_bearer',
  text: `
    select oauth_end_grant(c.id, 'owner') as ended
    from connection_host ch join connection c on c.id = ch.connection_id join oauth_grant g on g.id = c.id
    where ch.link_id = $1 and c.owner_id = $2 and ch.bearer and c.ended_at is null and g.jkt is null`,
});

/**
 * Withdraws the permission for bearer tokens through this link: every connection that had it ends, and its revocation
 * at the Host is queued, so that its tokens end there, too. `false` if it is not a link of theirs. PROTOCOL §6.
 */
export async function stopBearer(
  { pool }: Pick<Deps, 'pool'>,
  { linkId, ownerId }: { linkId: string; ownerId: string },
): Promise<boolean> {
  return underOwner(pool, ownerId, async (tx) => {
    if ((await runOne(tx, OWN_LINK, [linkId, ownerId])) === null) return false;
    await run(tx, STOP, [linkId, ownerId]);
    return true;
  });
}
