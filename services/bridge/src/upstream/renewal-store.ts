import { defineQuery, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

/** A renewal that one process has to itself, until it says what came of it, or for so long. */
const CLAIMED_SECONDS = 30;
/** After a renewal that failed nobody tries again for so long. */
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
  /** Names this try. */
  readonly renewal: string;
}

/** True for the one that may renew now what is stored as `used`: the row says so to every process. */
export async function claimRenewal(
  { pool }: Pick<Deps, 'pool'>,
  { id, renewal, used }: RenewalClaim & { used: Buffer },
): Promise<boolean> {
  return (await runOne(pool, CLAIM, [id, used, renewal])) !== null;
}

/**
 * Keeps what a renewal brought, before anybody uses it. False when the account was removed or connected anew
 * meanwhile.
 */
export async function storeRenewal(
  { pool }: Pick<Deps, 'pool'>,
  { id, renewal, credential, expiresIn }: RenewalClaim & { credential: Buffer; expiresIn: number | null },
): Promise<boolean> {
  return (await runOne(pool, STORE, [id, renewal, credential, expiresIn])) !== null;
}

/** It failed, and may be tried again in a while. */
export async function pauseRenewal({ pool }: Pick<Deps, 'pool'>, { id, renewal }: RenewalClaim): Promise<void> {
  await run(pool, PAUSE, [id, renewal]);
}
