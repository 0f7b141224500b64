import type { TokenKey } from '@chatelaine/oauth-server';
import { type Db, type Query, run } from '@chatelaine/postgres';

/**
 * A code that has been redeemed is left alone: its tokens are in the right hands. The grant of one that has not is
 * ended, since nothing can use it any more.
 */
const INVALIDATE_CODE: Query = {
  name: 'oauth_spoil_code',
  text: `with spoiled as (
    update oauth_code set spoiled_at = now()
    where bucket = $1 and hash = $2 and used_at is null and spoiled_at is null
    returning bucket, grant_id
  )
  update oauth_grant g set ended_at = now(), ended_by = 'server'
  from spoiled where g.bucket = spoiled.bucket and g.id = spoiled.grant_id and g.ended_at is null`,
};

export async function invalidateCode(db: Db, key: TokenKey): Promise<void> {
  await run(db, INVALIDATE_CODE, [key.bucket, key.hash]);
}
