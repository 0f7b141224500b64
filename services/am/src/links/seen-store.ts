import { defineQuery, type Pool, run } from '@chatelaine/postgres';

/** What a process observed of a link's Host; epoch seconds. */
export interface SeenLink {
  readonly linkId: string;
  readonly answeredAt: number | null;
  /** The first failed call since it last answered. */
  readonly unreachableSince: number | null;
}

// In a fixed order, because two processes may write the same rows. An answer that another process got after this one's
// first failure prevails.
const NOTE = defineQuery({
  name: 'links_note_seen',
  text: `
    insert into link_seen as o (link_id, answered_at, unreachable_since)
    select n.link_id, to_timestamp(n.answered_at), to_timestamp(n.unreachable_since)
    from unnest($1::text[], $2::float8[], $3::float8[]) n (link_id, answered_at, unreachable_since)
      join link l on l.id = n.link_id
    order by n.link_id
    on conflict (link_id) do update set answered_at = greatest(o.answered_at, excluded.answered_at),
      unreachable_since = case
        when excluded.unreachable_since is null or excluded.unreachable_since < o.answered_at then null
        when o.unreachable_since > excluded.answered_at
          or excluded.answered_at is null then coalesce(o.unreachable_since, excluded.unreachable_since)
        else excluded.unreachable_since end`,
});

/** Stores observations of links that still exist. */
export async function noteSeen(pool: Pool, seen: readonly SeenLink[]): Promise<void> {
  await run(pool, NOTE, [
    seen.map(({ linkId }) => linkId),
    seen.map(({ answeredAt }) => answeredAt),
    seen.map(({ unreachableSince }) => unreachableSince),
  ]);
}
