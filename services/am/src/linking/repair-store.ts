import { randomId } from '@chatelaine/crypto';
import { type Db, defineQuery, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { joinOwnName, shownName } from '../identity/sql/app-names.ts';
import { appendToTimeline } from '../links/owner-store.ts';

/** A link that is to be replaced by a new one. */
export interface ReplaceableLink {
  readonly label: string;
  readonly hostName: string;
  readonly hostIssuer: string;
}

/** A link of this owner that has not ended, or null. */
export async function readReplaceable(
  { prisma }: Pick<Deps, 'prisma'>,
  { linkId, ownerId }: { linkId: string; ownerId: string },
): Promise<ReplaceableLink | null> {
  const link = await prisma.link.findFirst({
    where: { id: linkId, ownerId, state: { not: 'ended' } },
    include: { host: true },
  });
  return link === null ? null : { label: link.label, hostName: link.host.name, hostIssuer: link.host.issuer };
}

export interface TakeOver {
  readonly ownerId: string;
  readonly hostId: string;
  /** The attempt that the new link results from. */
  readonly stateHash: Buffer;
  /** The new link. */
  readonly linkId: string;
  /** The new link's. */
  readonly ceiling: readonly string[];
}

const LOCK_OLD = defineQuery<{ id: string; label: string; state: string }>({
  name: 'linking_lock_replaced_link',
  text: `
    select l.id, l.label, l.state from link_attempt a join link l on l.id = a.replaces
    where a.state_hash = $1 and a.owner_id = $2 and l.owner_id = $2 and l.host_id = $3 and l.state <> 'ended'
    for update of l`,
});
const MOVE_RULES = defineQuery({
  name: 'linking_move_rules',
  // an approval was for the account that was there; nobody knows whether it is this one
  text: `update rule set link_id = $3, expires_at = case when for_jkt is null then expires_at
    else least(expires_at, date_trunc('milliseconds', now())) end
    where owner_id = $1 and link_id = $2`,
});
const CLOSE_ASKS = defineQuery({
  name: 'linking_close_asks',
  text: `update ask set state = 'closed' where link_id = $1 and state in ('open', 'approved')`,
});
const END_OLD = defineQuery({
  name: 'linking_end_replaced_link',
  text: `update link set state = 'ended', ended_at = now() where id = $1`,
});
const NAME_NEW = defineQuery({
  name: 'linking_name_replacing_link',
  text: 'update link set label = $2, replaces = $3 where id = $1',
});
const REVOKE_OLD = defineQuery({
  name: 'linking_revoke_replaced_link',
  text: 'insert into revocation (id, owner_id, link_id, host_id) values ($1, $2, $3, $4)',
});

/**
 * Replaces the link that its attempt names by a new one: whatever used the old one uses the new one, under a grant of
 * its own there and within the new ceiling. The old one ends, and its revocation at the Host is queued. Only for the
 * same owner and Host, and only if the old one has not ended: otherwise false, and the new link is an additional one.
 * The caller holds the owner's row and has increased the policy version. PROTOCOL §2.2, §3.3.
 */
export async function takeOver(tx: Db, input: TakeOver): Promise<boolean> {
  const { ownerId, hostId, stateHash, linkId } = input;
  const old = await runOne(tx, LOCK_OLD, [stateHash, ownerId, hostId]);
  if (old === null) return false;
  const moved = await moveConnections(tx, input, old.id);
  await run(tx, MOVE_RULES, [ownerId, old.id, linkId]);
  // questions and approvals about the old link; the Requester asks again
  await run(tx, CLOSE_ASKS, [old.id]);
  await run(tx, END_OLD, [old.id]);
  await run(tx, NAME_NEW, [linkId, old.label, old.id]);
  await run(tx, REVOKE_OLD, [randomId('rev'), ownerId, old.id, hostId]);
  const lost = moved.filter(({ scopes }) => scopes.length > 0);
  await appendToTimeline(tx, ownerId, 'link_repaired', { link: linkId, host: hostId, was: old.state, lost });
  return true;
}

interface Lost {
  readonly client: string;
  /** The scopes it may no longer ask for, because the new ceiling leaves them out. */
  readonly scopes: readonly string[];
}

const SHOWN = defineQuery<{ connection_id: string; client_name: string; scopes: string[] }>({
  name: 'linking_connections_of_link',
  text: `
    select s.connection_id, ${shownName('c')} as client_name, s.scopes
    from connection_host s join connection c on c.id = s.connection_id ${joinOwnName('c')}
    where s.link_id = $1 and c.ended_at is null order by s.connection_id`,
});
const HIDE = defineQuery({
  name: 'linking_hide_host',
  text: 'delete from connection_host where connection_id = $1 and host_id = $2',
});
const MOVE = defineQuery({
  name: 'linking_move_connection',
  text: 'update connection_host set link_id = $3, scopes = $4, grant_id = $5 where connection_id = $1 and host_id = $2',
});

async function moveConnections(tx: Db, { hostId, linkId, ceiling }: TakeOver, oldId: string): Promise<Lost[]> {
  const may = new Set(ceiling);
  const lost: Lost[] = [];
  for (const { connection_id: connectionId, client_name: client, scopes } of await run(tx, SHOWN, [oldId])) {
    const kept = scopes.filter((scope) => may.has(scope));
    if (kept.length === 0) await run(tx, HIDE, [connectionId, hostId]);
    else await run(tx, MOVE, [connectionId, hostId, linkId, kept, randomId()]);
    lost.push({ client, scopes: scopes.filter((scope) => !may.has(scope)) });
  }
  return lost;
}
