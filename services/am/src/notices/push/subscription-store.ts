import { defineQuery, inTransaction, run, runForRow } from '@chatelaine/postgres';
import type { Deps } from '../../deps.ts';
import type { Subscription } from './subscription.ts';

type Db = Pick<Deps, 'pool'>;

/** How many browsers of one owner are subscribed; a further one replaces the oldest. */
const MOST = 10;

// a session that has ended in the meantime gets no subscription
const KEEP = defineQuery<{ kept: boolean }>({
  name: 'notices_keep_subscription',
  text: `insert into push_subscription (session_hash, owner_id, endpoint, p256dh, auth, push_key)
    select id_hash, $2, $3, $4, $5, $6 from session where id_hash = $1 and account_id = $2 for share
    on conflict (session_hash) do update
      set owner_id = excluded.owner_id, endpoint = excluded.endpoint, p256dh = excluded.p256dh, auth = excluded.auth,
        push_key = excluded.push_key,
        created_at = now()
    returning true as kept`,
});
const MAKE_ROOM = defineQuery({
  name: 'notices_make_room_for_subscription',
  text: `delete from push_subscription where session_hash in (
    select session_hash from push_subscription
      where owner_id = $1 order by created_at desc, session_hash offset ${MOST})`,
});
const DROP = defineQuery({
  name: 'notices_drop_subscription',
  text: 'delete from push_subscription where session_hash = $1',
});
const OF_OWNER = defineQuery<{
  session_hash: Buffer;
  endpoint: string;
  p256dh: string;
  auth: string;
  push_key: string;
}>({
  name: 'notices_subscriptions',
  text: 'select session_hash, endpoint, p256dh, auth, push_key from push_subscription where owner_id = $1',
});
const COUNT = defineQuery<{ n: number; here: boolean }>({
  name: 'notices_count_subscriptions',
  text: `select count(*)::int as n, coalesce(bool_or(session_hash = $2), false) as here from push_subscription
    where owner_id = $1 and push_key = $3`,
});

/** Stores the subscription of this session's browser, for as long as the session lives. */
export async function keepSubscription(
  { pool }: Db,
  input: { session: Buffer; ownerId: string; subscription: Subscription; pushKey: string },
): Promise<void> {
  const { session, ownerId, subscription, pushKey } = input;
  const { endpoint, p256dh, auth } = subscription;
  await inTransaction(pool, async (tx) => {
    await run(tx, KEEP, [session, ownerId, endpoint, p256dh, auth, pushKey]);
    await run(tx, MAKE_ROOM, [ownerId]);
  });
}

/** Deletes the subscription of this session's browser. */
export async function dropSubscription({ pool }: Db, session: Buffer): Promise<void> {
  await run(pool, DROP, [session]);
}

export interface Subscribed extends Subscription {
  readonly session: Buffer;
  /** The server's public key that the subscription was made for. */
  readonly pushKey: string;
}

export async function subscriptionsOf({ pool }: Db, ownerId: string): Promise<Subscribed[]> {
  const rows = await run(pool, OF_OWNER, [ownerId]);
  return rows.map(({ session_hash: session, push_key: pushKey, ...subscription }) => ({
    ...subscription,
    session,
    pushKey,
  }));
}

/** How many browsers of this owner are subscribed, and whether that of this session is one of them. */
export async function countSubscriptions(
  { pool }: Db,
  { ownerId, session, pushKey }: { ownerId: string; session: Buffer; pushKey: string },
): Promise<{ readonly count: number; readonly here: boolean }> {
  const { n: count, here } = await runForRow(pool, COUNT, [ownerId, session, pushKey]);
  return { count, here };
}
