import { defineQuery, type Pool, run } from '@chatelaine/postgres';

const AFTER = defineQuery<{ jti: string }>({
  name: 'agreement.after',
  text: `select jti, connection_id, record, am_keys, kept_at from agreement where owner_id = $1 and jti > $2
    order by jti limit 500`,
});

/** Records of terms of one owner, after one of them by its jti. */
export function agreementsAfter(
  { pool }: { pool: Pool },
  { owner, after }: { owner: string; after: string },
): Promise<{ jti: string }[]> {
  return run(pool, AFTER, [owner, after]);
}

const REMOVE = defineQuery({ name: 'agreement.remove', text: 'delete from agreement where owner_id = $1' });

/** What was signed for somebody of whom nothing is kept any more; their AM gave them its copy, if they took it. */
export async function removeAgreements({ pool }: { pool: Pool }, owner: string): Promise<void> {
  await run(pool, REMOVE, [owner]);
}
