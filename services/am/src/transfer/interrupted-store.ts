import { type Query, runForRow } from '@chatelaine/postgres';
import { GRANT_ALIVE } from '@chatelaine/oauth-server-pg';
import type { Pool } from 'pg';
import { PAUSED_FOR } from '../connections/sql/paused.ts';
import type { Intent } from './begin-store.ts';
import { type Paused, paused } from './decide.ts';

const INTERRUPTED: Query<{ lives: boolean; paused_for: number | null }> = {
  name: 'transfer_interrupted',
  text: `
  select g.id is not null as lives, ${PAUSED_FOR} as paused_for
  from (values (1)) as always left join (oauth_grant g join link l on l.id = $3 and l.state <> 'ended') on g.bucket = $1
    and g.id = $2 and ${GRANT_ALIVE}`,
};

/**
 * Whether the connection or the link was ended, or the connection paused, since the transfer began: a Host that was
 * told first refuses in words that mean something else. Null: neither. PROTOCOL §3.5.
 */
export async function wasInterrupted(
  pool: Pool,
  { bucket, connectionId, linkId }: Pick<Intent, 'bucket' | 'connectionId' | 'linkId'>,
): Promise<{ readonly kind: 'stopped' } | Paused | null> {
  const { lives, paused_for: pausedFor } = await runForRow(pool, INTERRUPTED, [bucket, connectionId, linkId]);
  if (!lives) return { kind: 'stopped' };
  return pausedFor === null ? null : paused(pausedFor);
}
