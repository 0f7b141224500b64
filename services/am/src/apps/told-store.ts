import { defineQuery, type Query, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { mintedLately, newestKeyDies } from '../links/keys-alive.ts';
import type { RevocationAtHost } from '../links/revocation-status.tsx';

interface RevocationRow {
  client_id: string;
  host_name: string;
  state: RevocationAtHost['state'];
  attempts: number;
  tried_at: Date | null;
  keys_die_at: Date | null;
}

/**
 * SQL: what Hosts were told of `connection c`, by `revocation r`; and which of the keys of `transfer m` that was about.
 */
interface Told {
  readonly of: string;
  readonly keys: string;
}
/** That it has ended. */
export const ENDED: Told = { of: 'c.ended_at is not null', keys: 'c.ended_at is not null' };
/** That what it had when its owner last paused it has ended. */
const PAUSED: Told = {
  of: 'c.ended_at is null and r.created_at >= c.paused_at',
  keys: 'c.ended_at is null and m.started_at <= c.paused_at',
};

/**
 * What Hosts know of apps. A Host may have several things to be told of one app: of those counts what it knows least
 * of.
 */
export const toldHosts = (name: string, { of, keys }: Told): Query<RevocationRow> =>
  defineQuery<RevocationRow>({
    name,
    text: `
    select t.client_id, h.name as host_name, t.state, t.attempts, t.tried_at, k.keys_die_at
    from (
      select distinct on (c.client_id, r.host_id) c.client_id, r.host_id, r.state, r.attempts, r.tried_at
      from connection c join revocation r on r.connection_id = c.id and r.owner_id = c.owner_id
      where c.owner_id = $1 and c.client_id = any($2) and ${of}
      order by c.client_id, r.host_id, array_position(array['failed', 'pending'], r.state), r.tried_at desc nulls last
    ) t join host h on h.id = t.host_id left join (
      select c.client_id, m.host_id, ${newestKeyDies('m')} as keys_die_at
      from transfer m join connection c on c.id = m.connection_id and c.owner_id = m.owner_id and ${keys}
      where ${mintedLately('m')} and c.client_id = any($2)
      group by c.client_id, m.host_id
    ) k on k.client_id = t.client_id and k.host_id = t.host_id
    order by array_position(array['failed', 'pending'], t.state), h.name, h.id`,
  });

/** Reads what Hosts know of these apps; what is not confirmed comes first. */
export async function readTold(
  { pool }: Pick<Deps, 'pool'>,
  query: Query<RevocationRow>,
  { ownerId, clientIds }: { ownerId: string; clientIds: readonly string[] },
): Promise<(clientId: string) => readonly RevocationAtHost[]> {
  const told = Map.groupBy(await run(pool, query, [ownerId, clientIds]), ({ client_id: clientId }) => clientId);
  return (clientId) =>
    (told.get(clientId) ?? []).map((host) => ({
      hostName: host.host_name,
      state: host.state,
      attempts: host.attempts,
      triedAt: host.tried_at,
      keysDieAt: host.keys_die_at,
    }));
}

const TOLD_OF_PAUSE = toldHosts('apps_told_of_pause', PAUSED);

/** What Hosts know of the last pause of an app; empty: there was none, or no Host had to be told. */
export async function readToldOfPause(
  deps: Pick<Deps, 'pool'>,
  { ownerId, clientId }: { ownerId: string; clientId: string },
): Promise<readonly RevocationAtHost[]> {
  return (await readTold(deps, TOLD_OF_PAUSE, { ownerId, clientIds: [clientId] }))(clientId);
}
