import { defineQuery, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

/** How long one process has a refresh to itself, unless it records an outcome before. */
const CLAIMED_SECONDS = 30;
/** How long nobody tries again after a refresh that failed. */
const PAUSE_SECONDS = 30;

const CLAIM = defineQuery<{ id: string }>({
  name: 'service_renewal.claim',
  text: `update service_account set renewal = $3, renewal_until = now() + make_interval(secs => ${CLAIMED_SECONDS})
    where id = $1 and credential = $2 and state = 'active' and (renewal_until is null or renewal_until < now())
      and (paused_until is null or paused_until < now()) returning id`,
});
const STORE = defineQuery<{ id: string }>({
  name: 'service_renewal.store',
  text: `update service_account set credential = $3, expires_at = now() + make_interval(secs => $4), renewal = null,
      renewal_until = null, paused_until = null
    where id = $1 and renewal = $2 and state = 'active' returning id`,
});
const PAUSE = defineQuery({
  name: 'service_renewal.pause',
  text: `update service_account set renewal = null, renewal_until = null,
      paused_until = now() + make_interval(secs => ${PAUSE_SECONDS})
    where id = $1 and renewal = $2`,
});

export interface RefreshClaim {
  readonly id: string;
  /** Identifies this attempt. */
  readonly claimId: string;
}

/** True for the one process that may now refresh the credential stored as `used`; the row shows that to all others. */
export async function claimRefresh(
  { pool }: Pick<Deps, 'pool'>,
  { id, claimId, used }: RefreshClaim & { used: Buffer },
): Promise<boolean> {
  return (await runOne(pool, CLAIM, [id, used, claimId])) !== null;
}

/**
 * Stores a refreshed credential before it is used. False if the account was removed or connected again in the meantime.
 */
export async function storeRefresh(
  { pool }: Pick<Deps, 'pool'>,
  { id, claimId, credential, expiresIn }: RefreshClaim & { credential: Buffer; expiresIn: number | null },
): Promise<boolean> {
  return (await runOne(pool, STORE, [id, claimId, credential, expiresIn])) !== null;
}

/** Records that a refresh failed; it may be tried again after a while. */
export async function pauseRefresh({ pool }: Pick<Deps, 'pool'>, { id, claimId }: RefreshClaim): Promise<void> {
  await run(pool, PAUSE, [id, claimId]);
}
