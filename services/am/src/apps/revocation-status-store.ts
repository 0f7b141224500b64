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

/** SQL conditions: which revocations `r` of `connection c` are meant, and which tokens of `transfer m` those revoke. */
interface Revoked {
  readonly of: string;
  readonly keys: string;
}
/** Revocations of connections that have ended. */
export const ENDED: Revoked = { of: 'c.ended_at is not null', keys: 'c.ended_at is not null' };
/** Revocations of what the connections had when the owner last paused them. */
const PAUSED: Revoked = {
  of: 'c.ended_at is null and r.created_at >= c.paused_at',
  keys: 'c.ended_at is null and m.started_at <= c.paused_at',
};

/**
 * The query for the status of apps' revocations at Hosts. If a Host has several revocations for one app, the one
 * furthest from confirmation counts.
 */
export const revocationStatusQuery = (name: string, { of, keys }: Revoked): Query<RevocationRow> =>
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

/** Reads the status of these apps' revocations at Hosts; those that have not confirmed come first. */
export async function readRevocationStatus(
  { pool }: Pick<Deps, 'pool'>,
  query: Query<RevocationRow>,
  { ownerId, clientIds }: { ownerId: string; clientIds: readonly string[] },
): Promise<(clientId: string) => readonly RevocationAtHost[]> {
  const statuses = Map.groupBy(await run(pool, query, [ownerId, clientIds]), ({ client_id: clientId }) => clientId);
  return (clientId) =>
    (statuses.get(clientId) ?? []).map((host) => ({
      hostName: host.host_name,
      state: host.state,
      attempts: host.attempts,
      triedAt: host.tried_at,
      keysDieAt: host.keys_die_at,
    }));
}

const PAUSE_STATUS = revocationStatusQuery('apps_told_of_pause', PAUSED);

/** The status at Hosts of an app's last pause; empty if there was none, or no Host needed to be told. */
export async function readPauseStatus(
  deps: Pick<Deps, 'pool'>,
  { ownerId, clientId }: { ownerId: string; clientId: string },
): Promise<readonly RevocationAtHost[]> {
  return (await readRevocationStatus(deps, PAUSE_STATUS, { ownerId, clientIds: [clientId] }))(clientId);
}
