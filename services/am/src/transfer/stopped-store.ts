import { type Query, runForRow } from '@chatelaine/postgres';
import { GRANT_ALIVE } from '@chatelaine/oauth-server-pg';
import type { Pool } from 'pg';
import type { Intent } from './store.ts';

const STOPPED: Query<{ stopped: boolean }> = {
  name: 'transfer_stopped',
  text: `
  select not exists (
    select from oauth_grant g join link l on l.id = $3 where g.bucket = $1 and g.id = $2 and ${GRANT_ALIVE} and l.state <> 'ended') as stopped`,
};

/** Whether the connection or the link was ended since the transfer began: a Host that was told first refuses it in words that mean something else. PROTOCOL §3.5. */
export async function wasStopped(
  pool: Pool,
  { bucket, connectionId, linkId }: Pick<Intent, 'bucket' | 'connectionId' | 'linkId'>,
): Promise<boolean> {
  return (await runForRow(pool, STOPPED, [bucket, connectionId, linkId])).stopped;
}
