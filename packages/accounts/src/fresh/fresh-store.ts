import { defineQuery, type Pool, runOne } from '@chatelaine/postgres';

const IS_FRESH = defineQuery<{ fresh: boolean }>({
  name: 'session.is_fresh',
  text: `select true as fresh from session where id_hash = $1 and created_at > now() - make_interval(secs => $2)`,
});

/** Whether this session began less than so many seconds ago. It begins anew whenever its owner authenticates. */
export async function isFresh(
  pool: Pool,
  { session, seconds }: { session: Buffer; seconds: number },
): Promise<boolean> {
  return (await runOne(pool, IS_FRESH, [session, seconds])) !== null;
}
