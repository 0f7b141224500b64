import { defineQuery, type Pool, runForRow } from '@chatelaine/postgres';

/** How many revocations no Host has confirmed yet, and the age of the oldest in seconds. */
export interface RevocationBacklog {
  pending: number;
  oldest: number;
}

const BACKLOG = defineQuery<RevocationBacklog>({
  name: 'metrics_revocation_backlog',
  text: `
    select count(*)::int as pending, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as oldest
    from revocation where state = 'pending'`,
});

export const revocationBacklog = (pool: Pool): Promise<RevocationBacklog> => runForRow(pool, BACKLOG);
