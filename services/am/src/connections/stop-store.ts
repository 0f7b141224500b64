import { type Query, run, runForRow } from '@chatelaine/postgres';
import type { Pool } from 'pg';

const NOTE_STOP: Query = { name: 'requesters_note_stop', text: 'select note_stop($1, $2)' };

/** Voids what apps have begun until now: of one owner or, if null, all; of one client or, if null, all. PROTOCOL §7. */
export async function noteStop(
  db: Pick<Pool, 'query'>,
  { ownerId, clientId }: { ownerId: string | null; clientId: string | null },
): Promise<void> {
  await run(db, NOTE_STOP, [ownerId ?? '', clientId ?? '']);
}

const REAP: Query<{ n: number }> = {
  name: 'requesters_reap_stops',
  text: `with gone as (
    delete from stop_epoch where (owner_id, client_id) in (
      select owner_id, client_id from stop_epoch where stopped_at < now() - interval '1 day' limit 1000) returning 1
  )
  select count(*)::int as n from gone`,
};

/** Deletes records of stops that are older than anything begun before them could be; returns how many. */
export async function reapStops(pool: Pool): Promise<number> {
  return (await runForRow(pool, REAP, [])).n;
}

// owners' rows first, like everything that ends something; a row that is locked is skipped
const END_DUE: Query<{ n: number }> = {
  name: 'requesters_end_due',
  text: `with due as (
    select bucket, id, subject from oauth_grant where ended_at is null and expires_at <= now() order by subject, id
      limit 500
  ), locked as materialized (
    select o.id from owner o where o.id in (select subject from due) order by o.id for update skip locked
  ), ended as (
    update oauth_grant g set ended_at = now(), ended_by = 'server' from due join locked on locked.id = due.subject
    where g.bucket = due.bucket and g.id = due.id and g.ended_at is null returning 1
  )
  select count(*)::int as n from ended`,
};

/**
 * Ends the connections whose time, as their owners chose it, is over, so that their Hosts are told as at a stop.
 * Returns how many. PROTOCOL §7.
 */
export async function endDue(pool: Pool): Promise<number> {
  return (await runForRow(pool, END_DUE, [])).n;
}
