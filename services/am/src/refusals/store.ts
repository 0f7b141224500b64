import { defineQuery, run } from '@chatelaine/postgres';
import { formatScope, LIFETIME } from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import type { Kept } from './explain.ts';

/** The most refusals of one request: as many as a batch call may have items. */
const MOST = 200;

// by id as well, which begins with the time and so excludes partitions
const OF_REQUEST = defineQuery<{ at: number; resource: string; scopes: string[]; state: string; error: string }>({
  name: 'refusals_of_request',
  text: `select extract(epoch from t.started_at)::float8 as at, t.resource, t.scopes, t.state, t.error
    from transfer t
    where t.bucket = $1 and t.connection_id = $2 and t.request_id = $3 and t.error is not null
      and t.id >= time_id_from('tr', now() - interval '${LIFETIME.explanation} seconds')
      and t.started_at > now() - interval '${LIFETIME.explanation} seconds'
    order by t.started_at, t.id limit ${MOST}`,
});

/**
 * What this connection asked for in one request and was refused; empty if the request is another connection's, unknown,
 * or no longer kept.
 */
export async function readRefusals(
  { pool }: Pick<Deps, 'pool'>,
  { bucket, connectionId, requestId }: { bucket: number; connectionId: string; requestId: string },
): Promise<readonly Kept[]> {
  const rows = await run(pool, OF_REQUEST, [bucket, connectionId, requestId]);
  return rows.map(({ scopes, at, ...row }) => ({ ...row, at: Math.floor(at), scope: formatScope(scopes) }));
}
