import { type Query, run, runForRow } from '@chatelaine/postgres';
import type { Pool } from 'pg';

/** A slot among the calls of one connection, over all processes. */
export interface CallSlot {
  readonly connectionId: string;
  readonly number: number;
  readonly callId: string;
}

// two calls that choose the same number meet on its row: the second finds it taken, and looks again
const TAKE: Query<{ number: number }> = {
  name: 'call_place_take',
  text: `
  insert into call_place (connection_id, number, call_id, held_until)
  select $1, free.number, $2, now() + make_interval(secs => $3)
  from generate_series(1, $4) as free (number)
  where not exists (select from call_place p where p.connection_id = $1 and p.number = free.number
    and p.held_until > now())
  order by free.number limit 1
  on conflict (connection_id, number) do update
    set call_id = excluded.call_id, held_until = excluded.held_until where call_place.held_until <= now()
  returning number`,
};

/**
 * A slot for a call of this connection; null if as many calls are in progress as are allowed. It is held for `seconds`
 * at most, so that a process that dies gives it back. PROTOCOL §5.
 */
export async function takeCallSlot(
  pool: Pool,
  { connectionId, callId, atOnce, seconds }: { connectionId: string; callId: string; atOnce: number; seconds: number },
): Promise<CallSlot | null> {
  for (let look = 1; look <= atOnce; look++) {
    const [taken] = await run(pool, TAKE, [connectionId, callId, seconds, atOnce]);
    if (taken !== undefined) return { connectionId, callId, number: taken.number };
    if (await isFull(pool, { connectionId, atOnce })) return null;
  }
  return null;
}

const COUNT: Query<{ n: number }> = {
  name: 'call_place_count',
  text: `select count(*)::int as n from call_place where connection_id = $1 and held_until > now()`,
};

async function isFull(
  pool: Pool,
  { connectionId, atOnce }: { connectionId: string; atOnce: number },
): Promise<boolean> {
  return (await runForRow(pool, COUNT, [connectionId])).n >= atOnce;
}

const GIVE_BACK: Query = {
  name: 'call_place_give_back',
  text: `delete from call_place where connection_id = $1 and number = $2 and call_id = $3`,
};

export async function giveBackCallSlot(pool: Pool, { connectionId, number, callId }: CallSlot): Promise<void> {
  await run(pool, GIVE_BACK, [connectionId, number, callId]);
}

const REAP: Query<{ n: number }> = {
  name: 'call_place_reap',
  text: `with gone as (
    delete from call_place where (connection_id, number) in (
      select connection_id, number from call_place where held_until < now() limit 1000) returning 1
  )
  select count(*)::int as n from gone`,
};

/** Deletes the slots of calls whose process died; returns how many. */
export async function reapCallSlots(pool: Pool): Promise<number> {
  return (await runForRow(pool, REAP, [])).n;
}
