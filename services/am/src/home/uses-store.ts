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
  /** The first refusal among its last requests. */
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

const USES = defineQuery<UseRow>({
  name: 'home_uses',
  text: `
    select c.client_id, k.days as kept_days, coalesce(array_agg(distinct h) filter (where h is not null), '{}')
      as lately, max(n.last) as last, min(n.refused) as refused,
      case when min(c.created_at) > now() - make_interval(days => k.days) then min(e.first) end as first
    from connection c join lateral (select least($3::int, o.keep_days) as days from owner o
      where o.id = c.owner_id) k on true
      left join lateral (select started_at as first from transfer where connection_id = c.id order by started_at
        limit 1) e on true
      left join lateral (
        select max(t.started_at) as last, min(t.started_at) filter (where t.state = 'refused'
          and coalesce(t.error, '') not in ('asked', 'allowed_part')) as refused,
          array_agg(distinct t.host_id) filter (where t.state = 'minted' and t.started_at > now() - interval '24 hours')
            as hosts
        from (select started_at, state, error, host_id from transfer where connection_id = c.id order by started_at desc
          limit ${LOOKED_AT}) t
      ) n on true
      left join lateral unnest(n.hosts) as h on true
    where c.owner_id = $1 and c.client_id = any ($2) and c.ended_at is null group by c.client_id, k.days`,
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
