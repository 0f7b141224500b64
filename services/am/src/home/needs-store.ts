import { defineQuery, runForRow } from '@chatelaine/postgres';
import { currentSessionAccount } from '@chatelaine/accounts';
import type { FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';

const NEEDS = defineQuery<{ n: number }>({
  name: 'home_needs',
  text: `
    select ((select count(*) from ask where owner_id = $1 and state = 'open' and expires_at > now())
      + (select count(*) from link where owner_id = $1 and state = 'broken')
      + (select count(distinct host_id) from revocation where owner_id = $1 and state = 'failed'))::int as n`,
});

/**
 * How many things need the signed-in owner: open questions, broken links, and Hosts at which a revocation has failed.
 */
export async function needsOf({ pool }: Pick<Deps, 'pool'>, request: FastifyRequest): Promise<number> {
  const account = currentSessionAccount(request);
  return account === null ? 0 : (await runForRow(pool, NEEDS, [account.id])).n;
}
