import { defineQuery, inTransaction, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { lockOwner, underOwner } from '../links/owner-store.ts';
import { noteStop } from './stop-store.ts';

const STOP = defineQuery<{ ended: boolean }>({
  name: 'requesters_stop',
  text: `select oauth_end_grant(c.id, 'owner') as ended from connection c where c.id = $1 and c.owner_id = $2`,
});

/**
 * Ends a connection of this owner, at once on every replica; stopping it again changes nothing. `unknown`: there is
 * none. PROTOCOL §7.
 */
export async function stopConnection(
  { pool }: Pick<Deps, 'pool'>,
  { id, ownerId }: { id: string; ownerId: string },
): Promise<'stopped' | 'unknown'> {
  return underOwner(pool, ownerId, async (tx) => {
    const row = await runOne(tx, STOP, [id, ownerId]);
    return row === null ? 'unknown' : 'stopped';
  });
}

const CLIENT_OF = defineQuery<{ client_id: string }>({
  name: 'requesters_client_of',
  text: 'select client_id from connection where id = $1 and owner_id = $2',
});
const STOP_CLIENT = defineQuery<{ ended: boolean }>({
  name: 'requesters_stop_client',
  text: `select oauth_end_grant(c.id, 'owner') as ended from connection c
    where c.owner_id = $1 and c.client_id = $2 and c.ended_at is null`,
});

/**
 * Ends all connections of this owner with the client of one of them, at once on every replica, whether or not that one
 * is still live. Anything the client has begun with this owner before becomes void. `unknown`: there is no such
 * connection. PROTOCOL §7.
 */
export async function stopApp(
  { pool }: Pick<Deps, 'pool'>,
  { id, ownerId }: { id: string; ownerId: string },
): Promise<'stopped' | 'unknown'> {
  return underOwner(pool, ownerId, async (tx) => {
    const of = await runOne(tx, CLIENT_OF, [id, ownerId]);
    if (of === null) return 'unknown';
    await run(tx, STOP_CLIENT, [ownerId, of.client_id]);
    // also what it has begun without any connection, and what began while these ended
    await noteStop(tx, { ownerId, clientId: of.client_id });
    return 'stopped';
  });
}

const STOP_ALL_CONNECTIONS = defineQuery<{ ended: boolean }>({
  name: 'requesters_stop_all_connections',
  patienceMs: 47_000,
  text: `select oauth_end_grant(c.id, 'owner') as ended from connection c where c.owner_id = $1 and c.ended_at is null`,
});
const STOP_ALL_LINKS = defineQuery<{ ended: boolean }>({
  name: 'requesters_stop_all_links',
  patienceMs: 47_000,
  text: `select end_link($1, l.id) as ended from link l where l.owner_id = $1 and l.state <> 'ended'`,
});

// locked before the owner's row, in the order of the code that makes the link; what its Host yields after this is
// handed back
const GIVE_UP_LINKS = defineQuery({
  name: 'requesters_give_up_links',
  text: `update link_attempt set given_up_at = now()
    where owner_id = $1 and resume_at is not null and given_up_at is null`,
});

// somebody may have thousands of connections; ending them all must not be cut off like a read
const TAKE_TIME = defineQuery({
  name: 'requesters_take_time',
  text: `select set_config('statement_timeout', '45000', true)`,
});

/** Ends everything the owner has, links being made included: all of it or, if it fails, nothing. */
export async function stopEverything(
  { pool }: Pick<Deps, 'pool'>,
  ownerId: string,
): Promise<{ connections: number; links: number }> {
  return inTransaction(
    pool,
    async (tx) => {
      await run(tx, TAKE_TIME, []);
      await run(tx, GIVE_UP_LINKS, [ownerId]);
      await lockOwner(tx, ownerId);
      await noteStop(tx, { ownerId, clientId: null });
      const connections = await run(tx, STOP_ALL_CONNECTIONS, [ownerId]);
      const links = await run(tx, STOP_ALL_LINKS, [ownerId]);
      // also what began while these ended
      await noteStop(tx, { ownerId, clientId: null });
      const count = (rows: readonly { ended: boolean }[]): number => rows.filter(({ ended }) => ended).length;
      return { connections: count(connections), links: count(links) };
    },
    { patient: true },
  );
}
