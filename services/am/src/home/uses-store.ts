import { defineQuery, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

/** Which app got a token for which service in the last 24 hours. */
export interface UsedLately {
  has(clientId: string, hostId: string): boolean;
}

/** What each app did, as far as it is kept. */
export interface Uses {
  readonly lately: UsedLately;
  readonly of: ReadonlyMap<string, AppUse>;
  /** For how many days it is kept. */
  readonly keptDays: number;
}

export interface AppUse {
  /** When it first asked for a token; null if that may be older than what is kept. */
  readonly first: Date | null;
  readonly last: Date | null;
  /** When the first refusal among its last requests was. */
  readonly refused: Date | null;
}

interface UseRow {
  client_id: string;
  lately: string[];
  first: Date | null;
  last: Date | null;
  refused: Date | null;
  kept_days: number;
}

/**
 * How many transfers of each connection are read, the newest: the front page costs the same, however many there are.
 */
const LOOKED_AT = 200;

// grouped by Host first, which finds the Hosts of an app without sorting all of the rows
const USES = defineQuery<UseRow>({
  name: 'home_uses',
  text: `
    with own as materialized (
      select c.id, c.client_id, c.created_at, least($3::int, o.keep_days) as kept_days
      from connection c join owner o on o.id = c.owner_id
      where c.owner_id = $1 and c.client_id = any ($2) and c.ended_at is null
    ), at_host as (
      select own.client_id, t.host_id, max(t.started_at) as last,
        min(t.started_at) filter (where t.state = 'refused' and coalesce(t.error, '') not in ('asked', 'allowed_part'))
          as refused,
        bool_or(t.state = 'minted' and t.started_at > now() - interval '24 hours') as lately
      from own, lateral (select started_at, state, error, host_id from transfer where connection_id = own.id
        order by started_at desc limit ${LOOKED_AT}) t
      group by own.client_id, t.host_id
    ), used as (
      select client_id, max(last) as last, min(refused) as refused, array_agg(host_id) filter (where lately) as lately
      from at_host group by client_id
    ), begun as (
      select own.client_id, own.kept_days,
        case when min(own.created_at) > now() - make_interval(days => own.kept_days) then min(e.first) end as first
      from own left join lateral (select started_at as first from transfer where connection_id = own.id
        order by started_at limit 1) e on true
      group by own.client_id, own.kept_days
    )
    select b.client_id, b.kept_days, b.first, u.last, u.refused, coalesce(u.lately, '{}') as lately
    from begun b left join used u using (client_id)`,
});

/** What an owner's apps did recently. `keptDays`: how long transfers are kept at most. */
export async function readUses(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, clientIds, keptDays }: { ownerId: string; clientIds: readonly string[]; keptDays: number },
): Promise<Uses> {
  const rows = await run(pool, USES, [ownerId, clientIds, keptDays]);
  const lately = new Map(rows.map((row) => [row.client_id, new Set(row.lately)]));
  return {
    lately: { has: (clientId, hostId) => lately.get(clientId)?.has(hostId) === true },
    keptDays: rows[0]?.kept_days ?? keptDays,
    of: new Map(rows.map(({ client_id: clientId, first, last, refused }) => [clientId, { first, last, refused }])),
  };
}
