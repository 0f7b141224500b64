import { defineQuery, run, runOne } from '@chatelaine/postgres';
import { keyPart, type Part, partOf } from '@chatelaine/service-kit';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import type { ToldHost } from '../links/revocation-status.tsx';

/** A connection that ended, and what its Hosts know of it. */
export interface EndedConnection {
  readonly id: string;
  readonly clientName: string;
  readonly endedAt: Date;
  /** One entry a Host; what is not confirmed comes first. */
  readonly hosts: readonly ToldHost[];
}

/** When a connection ended, and its id. */
export const endedConnectionKeySchema = z.tuple([keyPart.time, keyPart.text]).readonly();
export type EndedConnectionKey = z.infer<typeof endedConnectionKeySchema>;

interface EndedRow {
  id: string;
  client_name: string;
  ended_at: Date;
}

const PART = defineQuery<EndedRow>({
  name: 'requesters_ended',
  text: `
    select c.id, c.client_name, c.ended_at from connection c
    where c.owner_id = $1 and c.ended_at is not null
      and (c.ended_at > now() - interval '7 days'
        or exists (select from revocation r where r.connection_id = c.id and r.owner_id = c.owner_id and r.state <> 'confirmed'))
      and (c.ended_at, c.id) < (coalesce($2::timestamptz, 'infinity'), $3)
    order by c.ended_at desc, c.id desc limit $4`,
});
const ONE = defineQuery<EndedRow>({
  name: 'requesters_ended_one',
  text: 'select c.id, c.client_name, c.ended_at from connection c where c.owner_id = $1 and c.id = $2 and c.ended_at is not null',
});

/** Some of the connections that ended in the last week, or whose end some Host has not confirmed; the latest first. PROTOCOL §7. */
export async function readEndedConnections(
  deps: Pick<Deps, 'pool'>,
  { ownerId, after, most }: { ownerId: string; after: EndedConnectionKey | null; most: number },
): Promise<Part<EndedConnection, EndedConnectionKey>> {
  const [at, id] = after === null ? [null, ''] : [new Date(after[0]), after[1]];
  const rows = await run(deps.pool, PART, [ownerId, at, id, most + 1]);
  const { entries, next } = partOf(rows, {
    most,
    keyOf: (row): EndedConnectionKey => [row.ended_at.getTime(), row.id],
  });
  return { entries: await withHosts(deps, { ownerId, rows: entries }), next };
}

/** An ended connection of this owner, as long as it is kept; or null. */
export async function readEndedConnection(
  deps: Pick<Deps, 'pool'>,
  { id, ownerId }: { id: string; ownerId: string },
): Promise<EndedConnection | null> {
  const row = await runOne(deps.pool, ONE, [ownerId, id]);
  if (row === null) return null;
  const [ended] = await withHosts(deps, { ownerId, rows: [row] });
  return ended ?? null;
}

interface ToldRow {
  connection_id: string;
  host_name: string;
  state: ToldHost['state'];
  attempts: number;
  tried_at: Date | null;
}

// a Host may have several things to be told of one connection: of those counts what it knows least of
const TOLD = defineQuery<ToldRow>({
  name: 'requesters_told_hosts',
  text: `
    select t.connection_id, h.name as host_name, t.state, t.attempts, t.tried_at
    from (
      select distinct on (r.connection_id, r.host_id) r.connection_id, r.host_id, r.state, r.attempts, r.tried_at
      from revocation r where r.owner_id = $1 and r.connection_id = any($2)
      order by r.connection_id, r.host_id, array_position(array['failed', 'pending'], r.state), r.tried_at desc nulls last
    ) t join host h on h.id = t.host_id
    order by array_position(array['failed', 'pending'], t.state), h.name, h.id`,
});

async function withHosts(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, rows }: { ownerId: string; rows: readonly EndedRow[] },
): Promise<EndedConnection[]> {
  const told = await run(pool, TOLD, [ownerId, rows.map(({ id }) => id)]);
  const toldOf = Map.groupBy(told, ({ connection_id: id }) => id);
  return rows.map(({ id, client_name: clientName, ended_at: endedAt }) => ({
    id,
    clientName,
    endedAt,
    hosts: (toldOf.get(id) ?? []).map(({ host_name: hostName, state, attempts, tried_at: triedAt }) => ({
      hostName,
      state,
      attempts,
      triedAt,
    })),
  }));
}

const UNTOLD = defineQuery<{ host_name: string; state: 'pending' | 'failed' }>({
  name: 'requesters_untold_hosts',
  text: `
    select distinct h.name as host_name, r.state
    from revocation r join host h on h.id = r.host_id
      left join connection c on c.id = r.connection_id and c.owner_id = r.owner_id left join link l on l.id = r.link_id and l.owner_id = r.owner_id
    where r.owner_id = $1 and r.state <> 'confirmed' and (c.ended_at is not null or (r.grant_id is null and l.ended_at is not null))
    order by r.state, h.name`,
});

/** Names of the Hosts that have not confirmed an end: some that are still being told, some that could not be. PROTOCOL §7. */
export async function readUntold(
  { pool }: Pick<Deps, 'pool'>,
  ownerId: string,
): Promise<{ readonly pending: readonly string[]; readonly failed: readonly string[] }> {
  const rows = await run(pool, UNTOLD, [ownerId]);
  const named = (which: 'pending' | 'failed'): string[] =>
    rows.filter(({ state }) => state === which).map(({ host_name: name }) => name);
  return { pending: named('pending'), failed: named('failed') };
}
