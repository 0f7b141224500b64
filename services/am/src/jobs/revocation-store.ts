import { type ServerMetadata, serverMetadataSchema } from '@chatelaine/protocol';
import { defineQuery, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import {
  afterFailure,
  afterGoodAnswer,
  changesAfterGoodAnswer,
  type Free,
  AT_ONCE_AFTER_FAILURE,
  IS_SLOW,
  SLOW_AFTER_SECONDS,
} from '../links/turn-store.ts';

type Db = Pick<Deps, 'pool'>;

/** How long a Host is tried before the owner learns that it never confirmed. */
const GIVE_UP_AFTER = '7 days';
/**
 * A process that died while it was revoking loses the revocation after this long: longer than a Host may take, plus the
 * time to store the outcome.
 */
const HELD_SECONDS = 12;
const LONGEST_RETRY_SECONDS = 30;

/** A revocation that is due. */
export interface DueRevocation {
  readonly id: string;
  readonly ownerId: string;
  readonly linkId: string;
  /** The connection's grant at the Host; null: the whole link. */
  readonly grantId: string | null;
  /** The Host's metadata, as stored. */
  readonly metadata: unknown;
  /** The link's refresh token, encrypted. */
  readonly refreshToken: Buffer | null;
  /** Whether the Host has been slow recently. */
  readonly slow: boolean;
}

interface DueRow {
  id: string;
  owner_id: string;
  link_id: string;
  grant_id: string | null;
  metadata: unknown;
  refresh_token: Buffer | null;
  slow: boolean;
}

const FREE = '(d.held_until is null or d.held_until <= now())';
/**
 * The next revocations of one Host, in this order: due and never tried, due again, and never tried but postponed
 * because their owner or app has many.
 */
const next = (which: string, before: number): string => `
  (select d.id, ${before} as before, d.next_try_at from revocation_due d
   where d.host_id = able.host_id and ${which} and ${FREE} order by d.next_try_at limit greatest(able.room, 0))`;
const NEXT = [
  next('not d.tried and d.next_try_at <= now()', 1),
  next('d.tried and d.next_try_at <= now()', 2),
  next('not d.tried and d.next_try_at > now()', 3),
].join(' union all ');

/**
 * Hosts are found one by one in the index, however many rows each has. Whoever locks a Host's row takes what is due
 * there. The row's `turn_at` must be the one that was read: then nobody has taken anything in the meantime, and `room`
 * is right (the lock sees the newest row, the rest of the statement an older one).
 */
export const CLAIM = defineQuery<DueRow>({
  name: 'jobs_claim_revocations',
  text: `
    with recursive waiting (host_id) as (
      (select d.host_id from revocation_due d order by d.host_id limit 1)
      union all
      select (select d.host_id from revocation_due d where d.host_id > w.host_id order by d.host_id limit 1)
        from waiting w where w.host_id is not null
    ), able as (
      select t.host_id, t.turn_at, ${IS_SLOW} as slow,
        (case when t.failures > 0 then least(t.at_once, ${AT_ONCE_AFTER_FAILURE}) else t.at_once end)
          - (select count(*) from revocation_due d where d.host_id = t.host_id and d.held_until > now()) as room
      from waiting join host_turn t on t.host_id = waiting.host_id
      where t.not_before <= now()
    ), due as (
      select able.host_id, able.turn_at, able.slow, one.id, row_number() over (partition by able.host_id
        order by one.before, one.next_try_at) as place
      from able, lateral (select * from (${NEXT}) of_host order by before, next_try_at limit greatest(able.room, 0)) one
    ), ranked as (
      select due.*, row_number() over (partition by slow order by place, turn_at, host_id) as rank from due
    ), chosen as (
      select * from ranked where rank <= case when slow then $2::int else $1::int end
    ), mine as materialized (
      select t.host_id, able.slow from host_turn t join able on able.host_id = t.host_id and able.turn_at = t.turn_at
      where t.host_id in (select host_id from chosen)
      for no key update of t skip locked
    ), turned as (
      update host_turn t set turn_at = clock_timestamp() from mine where t.host_id = mine.host_id
    )
    update revocation_due d set held_until = now() + interval '${HELD_SECONDS} seconds'
    from chosen join mine on mine.host_id = chosen.host_id join host h on h.id = chosen.host_id, link l
    where d.id = chosen.id and ${FREE} and l.id = d.link_id and l.owner_id = d.owner_id
    returning d.id, d.owner_id, d.link_id, d.grant_id, h.metadata, l.refresh_token, mine.slow`,
});

/** Claims revocations that are due, in turns by Host, and no more for each Host than its limit. */
export async function claimRevocations({ pool }: Db, free: Free): Promise<DueRevocation[]> {
  const rows = await run(pool, CLAIM, [free.prompt, free.slow]);
  return rows.map((row) => ({
    id: row.id,
    ownerId: row.owner_id,
    linkId: row.link_id,
    grantId: row.grant_id,
    metadata: row.metadata,
    refreshToken: row.refresh_token,
    slow: row.slow,
  }));
}

/** @throws ZodError if the stored metadata cannot be read */
export const serverOf = ({ metadata }: Pick<DueRevocation, 'metadata'>): ServerMetadata =>
  serverMetadataSchema.parse(metadata);

const CONFIRM = defineQuery({
  name: 'jobs_confirm_revocation',
  text: `
    with confirmed as (
      update revocation set state = 'confirmed', confirmed_at = now(), tried_at = now(), attempts = attempts + 1,
        last_error = null
      where id = $1 and state = 'pending' returning owner_id, link_id, host_id, connection_id, grant_id
    ), forgotten as (
      update link l set access_token = null, access_expires_at = null, refresh_token = null
      from confirmed c where c.grant_id is null and l.id = c.link_id and l.state = 'ended'
    ), answered as (
      update host_turn t set ${afterGoodAnswer('$2::boolean')} from confirmed c
        where t.host_id = c.host_id and ${changesAfterGoodAnswer('$2::boolean')}
    )
    select timeline_append(c.owner_id, 'host_confirmed', jsonb_build_object('link', c.link_id, 'host', c.host_id,
      'connection', c.connection_id))
    from confirmed c`,
});

/** Records that the Host has confirmed. Of an ended link, nothing is kept that could still be used. */
export async function confirmRevocation({ pool }: Db, { id, seconds }: { id: string; seconds: number }): Promise<void> {
  await run(pool, CONFIRM, [id, seconds >= SLOW_AFTER_SECONDS]);
}

const NOTE = defineQuery<{ state: 'pending' | 'failed' }>({
  name: 'jobs_note_revocation_attempt',
  text: `
    with noted as (
      update revocation set attempts = attempts + 1, tried_at = now(), last_error = $2,
        state = case when created_at < now() - interval '${GIVE_UP_AFTER}' then 'failed' else state end
      where id = $1 and state = 'pending' returning id, owner_id, link_id, host_id, connection_id, state, attempts
    ), later as (
      update revocation_due d set tried = true, held_until = null,
        next_try_at = now() + make_interval(secs => least(${LONGEST_RETRY_SECONDS}, 2 ^ least(n.attempts - 1, 10)))
      from noted n where d.id = n.id and n.state = 'pending'
    ), answered as (
      update host_turn t set ${afterFailure({ first: 'n.attempts = 1', slow: '$4::boolean' })} from noted n
        where $3::boolean and t.host_id = n.host_id
    ), told as (
      select timeline_append(n.owner_id, 'host_not_told', jsonb_build_object('link', n.link_id, 'host', n.host_id,
        'connection', n.connection_id))
      from noted n where n.state = 'failed'
    )
    select n.state, (select count(*) from told) from noted n`,
});

export interface FailedAttempt {
  readonly id: string;
  readonly reason: string;
  /** How long the Host took; null if the failure was not the Host's. */
  readonly seconds: number | null;
}

/** Records a failed attempt. `done`: the AM has given up, or another process has finished it. */
export async function noteAttempt({ pool }: Db, { id, reason, seconds }: FailedAttempt): Promise<'again' | 'done'> {
  const slow = seconds !== null && seconds >= SLOW_AFTER_SECONDS;
  const row = await runOne(pool, NOTE, [id, reason.slice(0, 200), seconds !== null, slow]);
  return row?.state === 'pending' ? 'again' : 'done';
}
