import { type Db, defineQuery, inTransaction, type Pool, type PoolClient, run, runOne } from '@chatelaine/postgres';

const ADD = defineQuery({
  name: 'links_add_owner',
  text: 'insert into owner (id) values ($1) on conflict do nothing',
});
const LOCK = defineQuery({ name: 'links_lock_owner', text: 'select 1 from owner where id = $1 for update' });

/** Makes the holder of an account an owner, who can have links and connections; does nothing if they are one. */
export async function addOwner(db: Db, ownerId: string): Promise<void> {
  await run(db, ADD, [ownerId]);
}

/**
 * Locks the owner's row before any other: concurrent changes to one owner's things then take turns instead of
 * deadlocking.
 */
export async function lockOwner(tx: Db, ownerId: string): Promise<void> {
  await run(tx, LOCK, [ownerId]);
}

/** Runs `work` in a patient transaction that has locked the owner's row. */
export function underOwner<T>(pool: Pool, ownerId: string, work: (tx: PoolClient) => Promise<T>): Promise<T> {
  return inTransaction(
    pool,
    async (tx) => {
      await lockOwner(tx, ownerId);
      return work(tx);
    },
    { patient: true },
  );
}

const MOVE_VERSION = defineQuery<{ id: string }>({
  name: 'owner_move_policy_version',
  text: 'update owner set policy_version = policy_version + 1 where id = $1 returning id',
});

/**
 * Increments the policy version, so that no transfer begins on what was decided before. Runs first in its transaction,
 * because it locks the owner's row, like everything that changes or ends something of theirs. False: there is no such
 * owner.
 */
export async function movePolicyVersion(tx: Db, ownerId: string): Promise<boolean> {
  return (await runOne(tx, MOVE_VERSION, [ownerId])) !== null;
}

const APPEND = defineQuery({ name: 'owner_append_to_timeline', text: 'select timeline_append($1, $2, $3::jsonb)' });

/** Records in the owner's timeline what the transaction does. */
export async function appendToTimeline(tx: Db, ownerId: string, kind: string, data: object): Promise<void> {
  await run(tx, APPEND, [ownerId, kind, JSON.stringify(data)]);
}
