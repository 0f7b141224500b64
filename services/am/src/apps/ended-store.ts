import { defineQuery, run, runOne } from '@chatelaine/postgres';
import { keyPart, type Part, partOf } from '@chatelaine/ui';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { joinOwnName, shownName } from '../identity/sql/app-names.ts';
import { LIVE_CONNECTIONS } from '../connections/live.ts';
import type { RevocationAtHost } from '../links/revocation-status.tsx';
import { ENDED, readRevocationStatus, revocationStatusQuery } from './revocation-status-store.ts';

/** An app some of whose connections have ended recently, and the status of their revocation at Hosts. */
export interface EndedApp {
  /** The connection that ended last, by which the app's page is found. */
  readonly id: string;
  readonly clientId: string;
  readonly clientName: string;
  /** When the last of them ended. */
  readonly endedAt: Date;
  /** How many connections ended at that moment, together. */
  readonly together: number;
  /** How many of its connections are live. */
  readonly live: number;
  /** One entry for each Host; those that have not confirmed come first. */
  readonly hosts: readonly RevocationAtHost[];
}

/** When the last connection of an app ended, and that connection's id. */
export const endedAppKeySchema = z.tuple([keyPart.time, keyPart.text]).readonly();
export type EndedAppKey = z.infer<typeof endedAppKeySchema>;

interface EndedRow {
  id: string;
  client_id: string;
  client_name: string;
  ended_at: Date;
  together: number;
  live: number;
}

/** SQL, of `connection c`: it ended in the last week, or some Host has not confirmed its revocation. */
const LATELY = `c.ended_at is not null and (c.ended_at > now() - interval '7 days'
  or exists (select from revocation r where r.connection_id = c.id and r.owner_id = c.owner_id
    and r.state <> 'confirmed'))`;

const ended = (which: string): string => `
  select a.id, n.client_id, ${shownName('n')} as client_name, a.ended_at,
    (select count(*)::int from connection c where c.owner_id = $1 and c.client_id = n.client_id
      and c.ended_at = a.ended_at) as together,
    (select count(*)::int from ${LIVE_CONNECTIONS} where c.owner_id = $1 and c.client_id = n.client_id) as live
  from (
    select (array_agg(c.id order by c.ended_at desc, c.id desc))[1] as id, max(c.ended_at) as ended_at
    from connection c where c.owner_id = $1 and ${which} group by c.client_id
  ) a join connection n on n.id = a.id ${joinOwnName('n')}`;

const PART = defineQuery<EndedRow>({
  name: 'apps_ended',
  text: `${ended(LATELY)}
    where (a.ended_at, a.id) < (coalesce($2::timestamptz, 'infinity'), $3)
    order by a.ended_at desc, a.id desc limit $4`,
});
const ONE = defineQuery<EndedRow>({
  name: 'apps_ended_one',
  text: ended(
    `c.ended_at is not null and c.client_id = (select one.client_id from connection one
      where one.id = $2 and one.owner_id = $1)`,
  ),
});

/**
 * Some of the apps that lost a connection in the last week, or one whose revocation some Host has not confirmed; newest
 * first. PROTOCOL §7.
 */
export async function readEndedApps(
  deps: Pick<Deps, 'pool'>,
  { ownerId, after, most }: { ownerId: string; after: EndedAppKey | null; most: number },
): Promise<Part<EndedApp, EndedAppKey>> {
  const [at, id] = after === null ? [null, ''] : [new Date(after[0]), after[1]];
  const rows = await run(deps.pool, PART, [ownerId, at, id, most + 1]);
  const { entries, next } = partOf(rows, { most, keyOf: (row): EndedAppKey => [row.ended_at.getTime(), row.id] });
  return { entries: await withHosts(deps, { ownerId, rows: entries }), next };
}

/** What has ended of the app that this owner's connection belongs to, as long as that is kept; null if nothing has. */
export async function readEndedApp(
  deps: Pick<Deps, 'pool'>,
  { id, ownerId }: { id: string; ownerId: string },
): Promise<EndedApp | null> {
  const row = await runOne(deps.pool, ONE, [ownerId, id]);
  if (row === null) return null;
  const [app] = await withHosts(deps, { ownerId, rows: [row] });
  return app ?? null;
}

const REVOCATION_STATUS = revocationStatusQuery('apps_told_hosts', ENDED);

async function withHosts(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, rows }: { ownerId: string; rows: readonly EndedRow[] },
): Promise<EndedApp[]> {
  const hostsOf = await readRevocationStatus({ pool }, REVOCATION_STATUS, {
    ownerId,
    clientIds: rows.map(({ client_id: clientId }) => clientId),
  });
  return rows.map((row) => ({
    id: row.id,
    clientId: row.client_id,
    clientName: row.client_name,
    endedAt: row.ended_at,
    together: row.together,
    live: row.live,
    hosts: hostsOf(row.client_id),
  }));
}

const UNCONFIRMED = defineQuery<{ host_name: string; state: 'pending' | 'failed' }>({
  name: 'requesters_untold_hosts',
  text: `
    select distinct h.name as host_name, r.state
    from revocation r join host h on h.id = r.host_id
      left join connection c on c.id = r.connection_id and c.owner_id = r.owner_id
        left join link l on l.id = r.link_id and l.owner_id = r.owner_id
    where r.owner_id = $1 and r.state <> 'confirmed'
      and (c.ended_at is not null or r.created_at >= c.paused_at or (r.grant_id is null and l.ended_at is not null))
    order by r.state, h.name`,
});

/**
 * Names of the Hosts that have not confirmed a revocation: `pending` if the AM still tries, `failed` if it has given
 * up. PROTOCOL §7.
 */
export async function readUnconfirmed(
  { pool }: Pick<Deps, 'pool'>,
  ownerId: string,
): Promise<{ readonly pending: readonly string[]; readonly failed: readonly string[] }> {
  const rows = await run(pool, UNCONFIRMED, [ownerId]);
  const named = (which: 'pending' | 'failed'): string[] =>
    rows.filter(({ state }) => state === which).map(({ host_name: name }) => name);
  return { pending: named('pending'), failed: named('failed') };
}
