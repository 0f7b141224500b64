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

export interface RenewalClaim {
  readonly id: string;
  /** Identifies this attempt. */
  readonly renewal: string;
}

/** True for the one process that may now refresh the credential stored as `used`; the row shows that to all others. */
export async function claimRenewal(
  { pool }: Pick<Deps, 'pool'>,
  { id, renewal, used }: RenewalClaim & { used: Buffer },
): Promise<boolean> {
  return (await runOne(pool, CLAIM, [id, used, renewal])) !== null;
}

/**
 * Stores a refreshed credential before it is used. False if the account was removed or connected again in the meantime.
 */
export async function storeRenewal(
  { pool }: Pick<Deps, 'pool'>,
  { id, renewal, credential, expiresIn }: RenewalClaim & { credential: Buffer; expiresIn: number | null },
): Promise<boolean> {
  return (await runOne(pool, STORE, [id, renewal, credential, expiresIn])) !== null;
}

/** Records that a refresh failed; it may be tried again after a while. */
export async function pauseRenewal({ pool }: Pick<Deps, 'pool'>, { id, renewal }: RenewalClaim): Promise<void> {
  await run(pool, PAUSE, [id, renewal]);
}
