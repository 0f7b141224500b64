import { setTimeout } from 'node:timers/promises';
import { randomId, VaultError } from '@chatelaine/crypto';
import { untilAvailable } from '@chatelaine/postgres';
import type { Service } from '../definitions/index.ts';
import type { Deps } from '../deps.ts';
import { breakAccount, findAccount, type ServiceAccount } from './account-store.ts';
import { type Credential, decryptCredential, encryptCredential } from './credential.ts';
import { refresh, revoke, type Tokens } from './oauth2.ts';
import { oauth2At } from './party.ts';
import { claimRefresh, pauseRefresh, storeRefresh } from './refresh-claim-store.ts';

export type LiveDeps = Pick<Deps, 'config' | 'clock' | 'outbound' | 'pool' | 'vault' | 'log' | 'calls'>;

export type LiveCredential =
  /** Decrypted, for one request; never stored. */
  | { readonly kind: 'credential'; readonly credential: Credential; readonly account: ServiceAccount }
  /** Not connected, or no longer accepted by the service. */
  | { readonly kind: 'gone' }
  /** Not available now; `retryAfter` in seconds. */
  | { readonly kind: 'later'; readonly retryAfter: number };

/** Refreshed when less than this is left of its lifetime. */
const SPARE_SECONDS = 30;
/** How often another process's refresh is checked, and for how long in all: as long as a service may take to answer. */
const LOOKS = 120;
const LOOK_EVERY_MS = 50;

/**
 * The credential for an owner's account at a service, refreshed if needed. One refresh at a time over all processes:
 * the row is the lock, and the new credential is stored before it is used. No lock or connection is held while the
 * service is called.
 *
 * @param refused an encrypted credential that the service did not accept: a different one is needed
 */
export async function liveCredential(
  deps: LiveDeps,
  { service, owner, refused = null }: { service: Service; owner: string; refused?: Buffer | null },
): Promise<LiveCredential> {
  const claimId = randomId('ren');
  for (let look = 1; ; look++) {
    const account = await findAccount(deps, { owner, service: service.id });
    if (account === null || account.state !== 'active' || account.origin !== service.origin) return { kind: 'gone' };
    const credential = decrypt(deps, account);
    if (credential === null) return { kind: 'later', retryAfter: 60 };
    const wasRefused = refused?.equals(account.credential) === true;
    const isFresh = account.secondsLeft === null || account.secondsLeft > SPARE_SECONDS;
    if (isFresh && !wasRefused) return { kind: 'credential', credential, account };
    if (credential.version === '1.0a' || credential.refreshToken === null) {
      if (wasRefused || account.secondsLeft === null || account.secondsLeft <= 0) return giveUp(deps, account);
      return { kind: 'credential', credential, account };
    }
    const { refreshToken } = credential;
    const claim = { id: account.id, claimId, used: account.credential };
    if (await claimRefresh(deps, claim)) return refreshClaimed(deps, { service, account, refreshToken, claimId });
    if (account.pausedFor > 0) {
      // an access token that has not expired is still good, even if it could not be refreshed
      if (!wasRefused && (account.secondsLeft ?? 0) > 0) return { kind: 'credential', credential, account };
      return { kind: 'later', retryAfter: Math.ceil(account.pausedFor) };
    }
    if (look === LOOKS) return { kind: 'later', retryAfter: 1 };
    await setTimeout(LOOK_EVERY_MS);
  }
}

/**
 * The service no longer accepts the credential, and it cannot be refreshed: the owner must connect the service again.
 */
async function giveUp(deps: LiveDeps, account: ServiceAccount): Promise<LiveCredential> {
  await breakAccount(deps, { id: account.id, used: account.credential });
  deps.log.warn(
    { event: 'service_broken', account: account.id, service: account.service },
    'a service refused its credential',
  );
  return { kind: 'gone' };
}

interface Refreshing {
  readonly service: Service;
  readonly account: ServiceAccount;
  readonly refreshToken: string;
  readonly claimId: string;
}

async function refreshClaimed(
  deps: LiveDeps,
  { service, account, refreshToken, claimId }: Refreshing,
): Promise<LiveCredential> {
  const outcome = await refresh(deps, oauth2At(deps, service), refreshToken);
  deps.calls.countRefresh({ service: service.id, outcome: outcome.kind === 'tokens' ? 'renewed' : outcome.kind });
  switch (outcome.kind) {
    case 'refused':
      return giveUp(deps, account);
    case 'failed':
      await pauseRefresh(deps, { id: account.id, claimId });
      deps.log.warn(
        { event: 'service_not_refreshed', account: account.id, service: service.id, reason: outcome.reason },
        'a service did not refresh its credential',
      );
      return { kind: 'later', retryAfter: 30 };
    case 'tokens':
      return keep(deps, { service, account, claimId, outcome });
  }
}

async function keep(
  deps: LiveDeps,
  { service, account, claimId, outcome }: Omit<Refreshing, 'refreshToken'> & { outcome: Tokens },
): Promise<LiveCredential> {
  const { accessToken, refreshToken, expiresIn } = outcome;
  const credential: Credential = { version: '2.0', accessToken, refreshToken };
  const encrypted = encryptCredential(deps.vault, account, credential);
  // before the claim to the refresh expires
  const refreshed = { id: account.id, claimId, credential: encrypted, expiresIn };
  if (!(await untilAvailable(() => storeRefresh(deps, refreshed)))) {
    // disconnected in the meantime: the new tokens are revoked like the others
    await revoke(deps, oauth2At(deps, service), refreshToken ?? accessToken);
    return { kind: 'gone' };
  }
  return { kind: 'credential', credential, account: { ...account, credential: encrypted, secondsLeft: expiresIn } };
}

function decrypt(deps: LiveDeps, account: ServiceAccount): Credential | null {
  try {
    return decryptCredential(deps.vault, account, account.credential);
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    deps.log.error(
      { event: 'cannot_decrypt', account: account.id, service: account.service },
      'a stored credential cannot be decrypted with this ENCRYPTION_KEY',
    );
    return null;
  }
}
