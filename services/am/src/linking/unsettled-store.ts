import { serverMetadataSchema } from '@chatelaine/protocol';
import { defineQuery, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { STANDING, type TakenAttempt } from './attempt-store.ts';
import { type Free, IS_SLOW } from '../links/turn-store.ts';

/** A code that was sent to its Host and whose outcome is unknown here. */
export interface UnsettledAttempt extends TakenAttempt {
  readonly stateHash: Buffer;
  readonly ownerId: string;
  readonly hostId: string;
  /** Encrypted. */
  readonly answer: Buffer;
  /** Whether the owner was told that nothing was linked, or has stopped the connection that it belongs to. */
  readonly givenUp: boolean;
  /** Whether it is sent again for the first time. */
  readonly first: boolean;
  /** Whether the Host has been slow recently. */
  readonly slow: boolean;
}

interface UnsettledRow {
  state_hash: Buffer;
  owner_id: string;
  host_id: string;
  verifier: Buffer;
  answer: Buffer;
  given_up: boolean;
  first: boolean;
  slow: boolean;
  name: string;
  metadata: unknown;
}

/**
 * A process that died while resolving an attempt loses it after this long: time to send a code, store a link, and
 * revoke it.
 */
const HELD_SECONDS = 30;
const FREE = '(a.held_until is null or a.held_until <= now())';

// Hosts take turns, each with one code at a time, as in jobs/revocation-store. An attempt is retried after twice the
// time since it began: soon at first, then ever less often
const CLAIM_UNSETTLED = defineQuery<UnsettledRow>({
  name: 'hosts_claim_unsettled_attempts',
  text: `
    with recursive waiting (host_id) as (
      (select a.host_id from link_attempt a where a.resume_at is not null order by a.host_id limit 1)
      union all
      select (select a.host_id from link_attempt a where a.resume_at is not null and a.host_id > w.host_id
        order by a.host_id limit 1)
      from waiting w where w.host_id is not null
    ), due as (
      select t.host_id, t.turn_at, ${IS_SLOW} as slow, one.state_hash
      from waiting join host_turn t on t.host_id = waiting.host_id, lateral (
        select a.state_hash from link_attempt a where a.host_id = t.host_id and a.resume_at < now() and ${FREE}
          order by a.resume_at limit 1
      ) one
      where t.not_before <= now()
        and not exists (select from link_attempt a where a.host_id = t.host_id and a.resume_at is not null
          and a.held_until > now())
    ), ranked as (
      select due.*, row_number() over (partition by slow order by turn_at, host_id) as rank from due
    ), chosen as (
      select * from ranked where rank <= case when slow then $2::int else $1::int end
    ), mine as materialized (
      select chosen.* from host_turn t join chosen on chosen.host_id = t.host_id and chosen.turn_at = t.turn_at
        for no key update of t skip locked
    ), turned as (
      update host_turn t set turn_at = clock_timestamp() from mine where t.host_id = mine.host_id
    )
    update link_attempt a set held_until = now() + interval '${HELD_SECONDS} seconds',
      resume_at = now() + greatest(make_interval(secs => $3), now() - a.used_at)
    from mine, host h where a.state_hash = mine.state_hash and a.resume_at < now() and ${FREE} and h.id = a.host_id
    returning a.state_hash, a.owner_id, a.host_id, a.verifier, a.answer, h.name, h.metadata, mine.slow,
      now() - a.used_at < make_interval(secs => 2 * $3) as first,
      a.given_up_at is not null or (a.connection_id is not null and not exists (select from ${STANDING}
        where c.id = a.connection_id)) as given_up`,
});

/** Claims attempts that are due to be resolved, in turns by Host; no other process gets them for a while. */
export async function claimUnsettled(
  { pool }: Pick<Deps, 'pool'>,
  { free, againAfterSeconds }: { free: Free; againAfterSeconds: number },
): Promise<UnsettledAttempt[]> {
  const rows = await run(pool, CLAIM_UNSETTLED, [free.prompt, free.slow, againAfterSeconds]);
  return rows.map((row) => ({
    stateHash: row.state_hash,
    ownerId: row.owner_id,
    hostId: row.host_id,
    verifier: row.verifier,
    answer: row.answer,
    givenUp: row.given_up,
    first: row.first,
    slow: row.slow,
    hostName: row.name,
    metadata: serverMetadataSchema.parse(row.metadata),
  }));
}

const RELEASE = defineQuery({
  name: 'hosts_release_attempt',
  text: 'update link_attempt set held_until = null where state_hash = $1 and held_until is not null',
});

/** Releases an attempt; if it is still unfinished, it becomes due again. */
export async function releaseAttempt({ pool }: Pick<Deps, 'pool'>, stateHash: Buffer): Promise<void> {
  await run(pool, RELEASE, [stateHash]);
}
