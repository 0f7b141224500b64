import { defineQuery, type Pool, run } from '@chatelaine/postgres';

const AFTER = defineQuery<{ jti: string }>({
  name: 'agreement.after',
  text: `select jti, connection_id, record, am_keys, kept_at from agreement where owner_id = $1 and jti > $2
    order by jti limit 500`,
});

/** An owner's records of terms, after the one with this jti. */
export function agreementsAfter(
  { pool }: { pool: Pool },
  { owner, after }: { owner: string; after: string },
): Promise<{ jti: string }[]> {
  return run(pool, AFTER, [owner, after]);
}

const REMOVE = defineQuery({ name: 'agreement.remove', text: 'delete from agreement where owner_id = $1' });

/** Deletes what was signed for somebody whose account is deleted; their AM lets them export its copy. */
export async function removeAgreements({ pool }: { pool: Pool }, owner: string): Promise<void> {
  await run(pool, REMOVE, [owner]);
}
