import { defineQuery, runForRow } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

/** How often the same app asked for the same scopes at the same Host before, and what the owner answered. */
export interface AskHistory {
  /** How often it asked in the last seven days, this time included. */
  readonly thisWeek: number;
  /** How often the owner answered "not now" to these. */
  readonly notNow: number;
  /** Seconds since the owner last said yes to it; null if they have not in the time that is kept. */
  readonly lastYesAgo: number | null;
}

const HISTORY = defineQuery<{ this_week: number; not_now: number; last_yes_ago: number | null }>({
  name: 'inbox_ask_history',
  text: `
    select count(*) filter (where a.created_at > now() - interval '7 days')::int as this_week,
      count(*) filter (where a.created_at > now() - interval '7 days' and a.answer = 'not-now')::int as not_now,
      extract(epoch from now() - max(a.decided_at) filter (where a.answer in ('once', 'hour', 'always')))::float8
        as last_yes_ago
    from ask it join ask a on a.owner_id = it.owner_id and a.host_id = it.host_id and a.scope_key = it.scope_key
      and a.part_of is null
      join connection c on c.id = a.connection_id and c.client_id = $3
    where it.id = $1 and it.owner_id = $2`,
});

export async function readAskHistory(
  { pool }: Pick<Deps, 'pool'>,
  of: { askId: string; ownerId: string; clientId: string },
): Promise<AskHistory> {
  const row = await runForRow(pool, HISTORY, [of.askId, of.ownerId, of.clientId]);
  return { thisWeek: row.this_week, notNow: row.not_now, lastYesAgo: row.last_yes_ago };
}
