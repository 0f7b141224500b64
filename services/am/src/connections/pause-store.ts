import { randomId } from '@chatelaine/crypto';
import { type Db, defineQuery, inTransaction, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { appendToTimeline, movePolicyVersion } from '../links/owner-store.ts';
import { LIVE_CONNECTIONS } from './live.ts';
import { IS_PAUSED } from './sql/paused.ts';

interface Whose {
  readonly ownerId: string;
  /** Any of the app's connections. */
  readonly id: string;
}

const LIVE = defineQuery<{ id: string; paused: boolean }>({
  name: 'connections_to_pause',
  text: `
    select c.id, ${IS_PAUSED} as paused from ${LIVE_CONNECTIONS}
    where c.owner_id = $1 and c.client_id = (select one.client_id from connection one
      where one.id = $2 and one.owner_id = $1)
    order by c.created_at desc, c.id desc`,
});
const PAUSE = defineQuery({
  name: 'connections_pause',
  text: `update oauth_grant set paused_until = coalesce($2::timestamptz, 'infinity')
    where id = any ($1) and ended_at is null`,
});
const RESUME = defineQuery({
  name: 'connections_resume',
  text: 'update oauth_grant set paused_until = null where id = any ($1) and ended_at is null',
});
const SHOWN = defineQuery<{ connection_id: string; host_id: string }>({
  name: 'connections_paused_at_hosts',
  text: `
    with noted as (update connection set paused_at = date_trunc('milliseconds', now()) where id = any ($1))
    select s.connection_id, s.host_id from connection_host s join link l on l.id = s.link_id
    where s.connection_id = any ($1) and l.state <> 'ended'`,
});
// later transfers are under another grant at the Host, so that the end of this one does not end them
const END_GRANTS = defineQuery({
  name: 'connections_end_grants',
  text: `
    with ending as (
      select s.connection_id, s.host_id, s.link_id, s.grant_id, n.fresh
      from unnest($2::text[], $3::text[], $4::text[]) as n (connection_id, host_id, fresh)
        join connection_host s on s.connection_id = n.connection_id and s.host_id = n.host_id for update of s
    ), renewed as (
      update connection_host s set grant_id = ending.fresh from ending
        where s.connection_id = ending.connection_id and s.host_id = ending.host_id
    )
    insert into revocation (owner_id, link_id, host_id, connection_id, grant_id)
    select $1, ending.link_id, ending.host_id, ending.connection_id, ending.grant_id from ending`,
});

/**
 * Pauses all live connections of an app of this owner, at once on every replica: it gets nothing until the given time
 * or, if null, until they resume it. Its access at Hosts ends as at a stop; the connections stay, with fresh grants for
 * afterwards. A pause that is in force only gets another end. `unknown`: none of them is live. PROTOCOL §7.
 */
export async function pauseApp(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, id, until }: Whose & { until: Date | null },
): Promise<'paused' | 'unknown'> {
  return change<'paused'>(pool, { ownerId, id }, async (tx, live) => {
    await run(tx, PAUSE, [live.map((one) => one.id), until]);
    const running = live.filter(({ paused }) => !paused).map((one) => one.id);
    const shown = await run(tx, SHOWN, [running]);
    await run(tx, END_GRANTS, [
      ownerId,
      shown.map(({ connection_id: connectionId }) => connectionId),
      shown.map(({ host_id: hostId }) => hostId),
      shown.map(() => randomId()),
    ]);
    await appendToTimeline(tx, ownerId, 'app_paused', { connection: live[0]?.id, until });
    return 'paused';
  });
}

const PAUSED = defineQuery<{ id: string }>({
  name: 'connections_paused_of_client',
  text: `select c.id from ${LIVE_CONNECTIONS}
    where c.owner_id = $1 and c.client_id = $2 and ${IS_PAUSED} order by c.created_at desc, c.id desc limit 1`,
});

/** A connection of a client that its owner has paused; null: there is none. */
export async function readPaused(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, clientId }: { ownerId: string; clientId: string },
): Promise<string | null> {
  return (await runOne(pool, PAUSED, [ownerId, clientId]))?.id ?? null;
}

/** Resumes all live connections of an app; does nothing if none is paused. `unknown`: none is live. */
export async function resumeApp({ pool }: Pick<Deps, 'pool'>, whose: Whose): Promise<'resumed' | 'unknown'> {
  return change<'resumed'>(pool, whose, async (tx, live) => {
    const paused = live.filter((one) => one.paused).map((one) => one.id);
    if (paused.length === 0) return 'resumed';
    await run(tx, RESUME, [paused]);
    await appendToTimeline(tx, whose.ownerId, 'app_resumed', { connection: paused[0] });
    return 'resumed';
  });
}

/** Locks the owner's row first, like everything that changes or ends something of theirs. */
function change<Outcome>(
  pool: Deps['pool'],
  { ownerId, id }: Whose,
  work: (tx: Db, live: readonly { readonly id: string; readonly paused: boolean }[]) => Promise<Outcome>,
): Promise<Outcome | 'unknown'> {
  return inTransaction(
    pool,
    async (tx) => {
      await movePolicyVersion(tx, ownerId);
      const live = await run(tx, LIVE, [ownerId, id]);
      return live.length === 0 ? 'unknown' : work(tx, live);
    },
    { patient: true },
  );
}
