import { defineQuery, run } from '@chatelaine/postgres';
import { keyPart, type Part, partOf } from '@chatelaine/ui';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { iconOf } from '../identity/sql/icons.ts';
import { joinOwnName, shownName } from '../identity/sql/app-names.ts';
import { LIVE_CONNECTIONS } from '../connections/live.ts';
import { IS_PAUSED } from '../connections/sql/paused.ts';
import type { Who } from '../identity/who.tsx';

/** An app in a list: one client, whatever the number of its connections. */
export interface ListedApp extends Who {
  /** Its newest connection; the app's page is found by the id of any of them. */
  readonly id: string;
  /** How many live connections it has. */
  readonly connections: number;
  /** When the oldest of them was made. */
  readonly since: Date;
  /** When the last of them ends by itself; null: never. */
  readonly until: Date | null;
  /** Whether all its connections are paused. */
  readonly isPaused: boolean;
  /** When it last asked for a token, if that is still recorded. */
  readonly lastUsed: Date | null;
  /** Some of the owner's accounts that it is shown. */
  readonly accounts: readonly ListedAccount[];
  readonly hasMoreAccounts: boolean;
}

export interface ListedAccount {
  readonly linkId: string;
  readonly hostName: string;
  readonly label: string;
  readonly isBroken: boolean;
}

/** When its newest connection was made, and that connection's id. */
export const appKeySchema = z.tuple([keyPart.time, keyPart.text]).readonly();
export type AppKey = z.infer<typeof appKeySchema>;

interface AppRow {
  id: string;
  client_id: string;
  client_name: string;
  self_name: string;
  icon_id: string | null;
  client_uri: string | null;
  redirect_uri: string | null;
  is_proven: boolean | null;
  newest_at: Date;
  since: Date;
  until: Date | null;
  connections: number;
  paused: boolean;
}

const APPS = defineQuery<AppRow>({
  name: 'apps_list',
  text: `
    select a.*, n.client_id, ${shownName('n')} as client_name, n.client_name as self_name, ${iconOf('n')} as icon_id,
      n.client_uri, n.redirect_uri, case when a.unproven then false else n.is_proven end as is_proven
    from (
      select (array_agg(c.id order by c.created_at desc, c.id desc))[1] as id, max(c.created_at) as newest_at,
        min(c.created_at) as since,
        count(*)::int as connections, bool_and(${IS_PAUSED}) as paused, coalesce(bool_or(not c.is_proven), false)
          as unproven,
        case when bool_and(c.expires_at is not null) then max(c.expires_at) end as until
      from ${LIVE_CONNECTIONS} where c.owner_id = $1 group by c.client_id
    ) a join connection n on n.id = a.id ${joinOwnName('n')}
    where (a.newest_at, a.id) < (coalesce($2::timestamptz, 'infinity'), $3)
    order by a.newest_at desc, a.id desc limit $4`,
});

type StoreDeps = Pick<Deps, 'pool'>;

/** Some of the owner's apps, sorted by their newest connection, latest first. */
export async function readApps(
  { pool }: StoreDeps,
  { ownerId, after, most }: { ownerId: string; after: AppKey | null; most: number },
): Promise<Part<ListedApp, AppKey>> {
  const [at, id] = after === null ? [null, ''] : [new Date(after[0]), after[1]];
  const rows = await run(pool, APPS, [ownerId, at, id, most + 1]);
  const { entries, next } = partOf(rows, { most, keyOf: (row): AppKey => [row.newest_at.getTime(), row.id] });
  const clients = entries.map(({ client_id: clientId }) => clientId);
  const [accounts, uses] = await Promise.all([
    run(pool, ACCOUNTS, [ownerId, clients]),
    run(pool, LAST_USES, [ownerId, clients]),
  ]);
  const accountsOf = Map.groupBy(accounts, ({ client_id: clientId }) => clientId);
  const lastUsed = new Map(uses.map(({ client_id: clientId, at: usedAt }) => [clientId, usedAt]));
  return {
    entries: entries.map((row) => {
      const shown = accountsOf.get(row.client_id) ?? [];
      return {
        id: row.id,
        clientId: row.client_id,
        clientName: row.client_name,
        selfName: row.self_name,
        iconId: row.icon_id,
        clientUri: row.client_uri,
        redirectUri: row.redirect_uri,
        isProven: row.is_proven,
        connections: row.connections,
        since: row.since,
        until: row.until,
        isPaused: row.paused,
        lastUsed: lastUsed.get(row.client_id) ?? null,
        accounts: shown.slice(0, MOST_ACCOUNTS).map((account) => ({
          linkId: account.link_id,
          hostName: account.host_name,
          label: account.label,
          isBroken: account.broken,
        })),
        hasMoreAccounts: shown.length > MOST_ACCOUNTS,
      };
    }),
    next,
  };
}

/** How many accounts a list names for each app. */
const MOST_ACCOUNTS = 10;

const ACCOUNTS = defineQuery<{ client_id: string; link_id: string; label: string; host_name: string; broken: boolean }>(
  {
    name: 'apps_accounts',
    text: `
    select u.* from unnest($2::text[]) as one (client_id), lateral (
      select distinct one.client_id, l.id as link_id, l.label, h.name as host_name, l.state = 'broken' as broken
      from ${LIVE_CONNECTIONS} join connection_host ch on ch.connection_id = c.id join link l on l.id = ch.link_id
        join host h on h.id = ch.host_id
      where c.owner_id = $1 and c.client_id = one.client_id and l.state <> 'ended'
      order by h.name, l.label, l.id limit ${MOST_ACCOUNTS + 1}
    ) u`,
  },
);

const LAST_USES = defineQuery<{ client_id: string; at: Date }>({
  name: 'apps_last_uses',
  text: `
    select c.client_id, max(t.started_at) as at
    from connection c, lateral (select started_at from transfer where connection_id = c.id order by started_at desc
      limit 1) t
    where c.owner_id = $1 and c.client_id = any($2) and c.ended_at is null group by c.client_id`,
});
