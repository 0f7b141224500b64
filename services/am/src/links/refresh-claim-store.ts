import { defineQuery, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import type { LinkKey } from './link-store.ts';

/**
 * Seconds; longer than a refresh takes, waiting at the Host's gate included. A process that died holds a link no longer
 * than this.
 */
const HELD_SECONDS = 20;

const CLAIM = defineQuery<{ id: string }>({
  name: 'hosts_claim_renewal',
  text: `
    update link set renewal_id = $3, renewal_until = now() + make_interval(secs => ${HELD_SECONDS})
    where id = $1 and owner_id = $2 and state = 'active' and refresh_token = $4
      and (renewal_until is null or renewal_until < now())
    returning id`,
});

/**
 * Whether this refresh may use that refresh token at the Host: one at a time, over all processes. No connection is held
 * meanwhile.
 */
export async function claimRefresh(
  { pool }: Pick<Deps, 'pool'>,
  { linkId, ownerId, claimId, used }: LinkKey & { claimId: string; used: Buffer },
): Promise<boolean> {
  return (await run(pool, CLAIM, [linkId, ownerId, claimId, used])).length === 1;
}

const RELEASE = defineQuery({
  name: 'hosts_release_renewal',
  text: 'update link set renewal_id = null, renewal_until = null where id = $1 and renewal_id = $2',
});

/** Lets the next refresh begin. */
export async function releaseRefresh(
  { pool }: Pick<Deps, 'pool'>,
  { linkId, claimId }: { linkId: string; claimId: string },
): Promise<void> {
  await run(pool, RELEASE, [linkId, claimId]);
}
